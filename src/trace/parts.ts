import { stat } from 'node:fs/promises';
import type { Header } from './format.js';
import type { LineReader } from './items.js';
import { openTrace } from './read-file.js';
import { commonRecord, parsedLine } from './records.js';
import { partPath } from './rotate.js';

/**
 * The files of one recording, oldest first. A rotated one (`--rotate`) left FILE.1, FILE.2, ... behind: as many of them
 * as are there, belong to the same run and follow one another without a gap.
 */
export const partsOf = async (path: string): Promise<readonly string[]> => {
  const parts = [path];
  // What comes through a pipe can be read once.
  if (path === '-' || (await isPipe(path))) return parts;
  let newer = await readHeader(path);
  for (let age = 1; newer !== undefined && newer.part > 0; age += 1) {
    const older = await readHeader(partPath(path, age));
    if (older?.session !== newer.session || older.part !== newer.part - 1) break;
    parts.unshift(partPath(path, age));
    newer = older;
  }
  return parts;
};

/** As a shell makes one of <(command): /dev/fd/63. */
const isPipe = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFIFO();
  } catch {
    // Whoever opens it says so.
    return false;
  }
};

/** The header a recording begins with; undefined when it has none that can be read. */
const readHeader = async (path: string): Promise<Header | undefined> => {
  const file = await openTrace(path);
  if (!file.ok) return undefined;
  for await (const items of file.value.items(openHeaderReader()))
    for (const item of items) return item.kind === 'header' ? item.header : undefined;
  return undefined;
};

/** Reads nothing but what is no content. */
const openHeaderReader = (): LineReader<never> => ({
  line: (bytes, from, to) => commonRecord(parsedLine(bytes, from, to)),
});
