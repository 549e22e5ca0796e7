import { closeSync, readSync } from 'node:fs';
import { type Failure, failure } from '../model/failure.js';
import type { AddressRange } from '../model/vma.js';
import { BRING_PARENT, type ImageDirectory, labelOf, openImage, openParent, shown, unreadable } from './directory.js';
import { damaged } from './framing.js';
import { type Pagemap, readPagemap, runAt } from './pagemap.js';

/**
 * Reads single pages of the wanted ranges of one dump: the directory itself first, then the parents an incremental
 * dump points to. The pages file is never read whole.
 */
export interface PageReader {
  /** Pages of [start, end), one entry a page; undefined where the dump holds none. At most `MOST_PAGES` are read. */
  readonly read: (pid: number, start: bigint, end: bigint) => readonly (Uint8Array | undefined)[];
  readonly problems: () => readonly Failure[];
}

/** A vDSO is 1 to 5 pages; a hostile VMA is not read beyond this. */
const MOST_PAGES = 16n;

/** Chains of incremental dumps: hourly for a month, and some. */
const DEEPEST = 1024;

/** `wanted`: what will be asked for, and pagemaps are kept of that alone. */
export const pageReader = (
  directory: ImageDirectory,
  pageSize: bigint,
  wanted: readonly AddressRange[],
): PageReader => {
  const problems = new Map<string, Failure>();
  const report = (problem: Failure | undefined) => {
    if (problem !== undefined && problems.size < 1000) problems.set(problem.text, problem);
  };
  const chain = parentChain(directory, report);
  const pagemaps = new Map<ImageDirectory, Pagemap | undefined>();
  let current: number | undefined;

  const pagemapOf = (level: ImageDirectory, pid: number): Pagemap | undefined => {
    // One process is read after the other: what an earlier one needed is not kept.
    if (current !== pid) pagemaps.clear();
    current = pid;
    if (!pagemaps.has(level)) pagemaps.set(level, loadPagemap(level, pid, pageSize, wanted, report));
    return pagemaps.get(level);
  };

  /** The memory from `address` on that lies in one piece, as far as `last`; the rest is for the next call. */
  const readPiece = (pid: number, address: bigint, last: bigint): Piece => {
    let end = last;
    for (let depth = 0; ; depth += 1) {
      const level = chain(depth, pid);
      const pagemap = level === undefined ? undefined : pagemapOf(level, pid);
      const run = pagemap === undefined ? undefined : runAt(pagemap.runs, address);
      if (level === undefined || pagemap === undefined || run === undefined) return { end: address + pageSize };
      if (run.end < end) end = run.end;
      const offset = run.offset + (address - run.start);
      if (run.where === 'file') return { end, bytes: readAt(level, pagemap.pagesName, offset, end - address, report) };
      if (run.where !== 'parent') return { end };
    }
  };

  return {
    read: (pid, start, end) => {
      const pages: (Uint8Array | undefined)[] = [];
      const last = end < start + MOST_PAGES * pageSize ? end : start + MOST_PAGES * pageSize;
      for (let address = start; address < last; ) {
        const piece = readPiece(pid, address, last);
        for (let at = 0n; address < piece.end; address += pageSize, at += pageSize)
          pages.push(piece.bytes?.subarray(Number(at), Number(at + pageSize)));
      }
      return pages;
    },
    problems: () => [...problems.values()],
  };
};

interface Piece {
  readonly end: bigint;
  readonly bytes?: Uint8Array | undefined;
}

const loadPagemap = (
  level: ImageDirectory,
  pid: number,
  pageSize: bigint,
  wanted: readonly AddressRange[],
  report: (problem: Failure | undefined) => void,
): Pagemap | undefined => {
  const found = readPagemap(level, pid, pageSize, wanted);
  if (found === undefined) return undefined;
  if ('kind' in found) {
    report(found);
    return undefined;
  }
  report(found.problem);
  return found;
};

/** Directories from the dump to its oldest parent, opened as far as they are needed, by `pid` first. A circle ends the chain. */
const parentChain = (directory: ImageDirectory, report: (problem: Failure) => void) => {
  const levels: ImageDirectory[] = [directory];
  const seen = new Set([directory.identity]);
  let complete = false;
  return (depth: number, pid: number): ImageDirectory | undefined => {
    while (!complete && levels.length <= depth) {
      const last = levels[levels.length - 1] ?? directory;
      const parent = openParent(last);
      complete = true;
      if (parent === undefined)
        report(
          failure(
            'bad-input',
            `${shown(last.path)} has no parent link, but pages of it lie in a parent dump, by pagemap-${pid}.img.`,
            BRING_PARENT,
          ),
        );
      else if (!parent.ok) report(parent.failure);
      else if (seen.has(parent.value.identity))
        report(failure('bad-input', `The parent links of ${shown(directory.path)} go in a circle.`, BRING_PARENT));
      else if (levels.length === DEEPEST)
        report(failure('too-large', `${shown(directory.path)} has more than ${DEEPEST} parents.`, null));
      else {
        seen.add(parent.value.identity);
        levels.push(parent.value);
        complete = false;
      }
    }
    return levels[depth];
  };
};

const readAt = (
  level: ImageDirectory,
  name: string,
  offset: bigint,
  size: bigint,
  report: (problem: Failure) => void,
): Uint8Array | undefined => {
  const opened = openImage(level, name);
  if (opened === undefined) {
    report(
      failure(
        'unreadable',
        `${name} is missing from ${shown(level.path)}: no memory in it can be examined.`,
        'Copy it there.',
      ),
    );
    return undefined;
  }
  if (!opened.ok) {
    report(opened.failure);
    return undefined;
  }
  const { file, size: length } = opened.value;
  try {
    if (offset + size > BigInt(length)) {
      report(damaged(labelOf(level, name), `ends at byte ${length}, before the page at byte ${offset}`));
      return undefined;
    }
    const page = new Uint8Array(Number(size));
    return readSync(file, page, 0, page.length, Number(offset)) === page.length ? page : undefined;
  } catch (error) {
    report(unreadable(`${level.path}/${name}`, error));
    return undefined;
  } finally {
    closeSync(file);
  }
};
