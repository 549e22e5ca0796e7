import { type Failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import type { LineReader, TraceItem } from './items.js';
import { partsOf } from './parts.js';
import { newerFormat, noRecording } from './problems.js';
import { openTrace } from './read-file.js';

/** A recording, all its files. */
export interface Recording {
  readonly path: string;
  /**
   * From the beginning each time it is asked for, some at a time, in order. The value at the end: why there was
   * nothing, or not all of it. Damage is told with the name of the file.
   */
  readonly items: <T>(
    reader: LineReader<T>,
    progress?: Progress,
  ) => AsyncGenerator<readonly TraceItem<T>[], Failure | undefined, undefined>;
}

/** Is told, now and then, how much of all files has been read, 0 to 1; never for a pipe. */
export type Progress = (share: number) => void;

/** FILE, and what a rotated recording left beside it. Fails when FILE cannot be opened. */
export const openRecording = async (path: string): Promise<Outcome<Recording>> => {
  if (path !== '-') {
    const file = await openTrace(path);
    if (!file.ok) return file;
    await file.value.close();
  }
  const parts = await partsOf(path);
  return success({ path, items: (reader, progress) => itemsOf(path, parts, reader, progress) });
};

async function* itemsOf<T>(
  path: string,
  parts: readonly string[],
  reader: LineReader<T>,
  progress?: Progress,
): AsyncGenerator<readonly TraceItem<T>[], Failure | undefined, undefined> {
  let began = false;
  for (const [index, part] of parts.entries()) {
    const file = await openTrace(part);
    if (!file.ok) return file.failure;
    for await (const items of file.value.items(reader)) {
      began ||= items.some(isReadable);
      const share = file.value.progress();
      if (share !== undefined) progress?.((index + share) / parts.length);
      yield items.map((item) => (item.kind === 'damage' ? inFile(part, item) : item));
      // What stands before it, as of a run that a former version appended to, is good.
      const foreign = items.find((item) => item.kind === 'foreign');
      if (foreign !== undefined) return newerFormat(part, foreign.schema);
    }
  }
  return began ? undefined : noRecording(path);
}

/** A frame of which nothing could be read ends all the same. */
const isReadable = <T>(item: TraceItem<T>): boolean =>
  item.kind === 'frame' ? item.frame.content.length > 0 : item.kind !== 'damage';

const inFile = (path: string, { kind, damage }: Extract<TraceItem<never>, { kind: 'damage' }>): TraceItem<never> => ({
  kind,
  damage: { ...damage, text: `${escapeText(path)}: ${damage.text}` },
});
