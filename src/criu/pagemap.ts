import { isFieldSet } from '@bufbuild/protobuf';
import type { Failure } from '../model/failure.js';
import { decodeMessage } from './decode.js';
import { type ImageDirectory, readImage } from './directory.js';
import { damaged, splitFrames } from './framing.js';
import { type PagemapEntry, PagemapEntrySchema, PagemapHeadSchema } from './schema/image_pb.js';

/** A run of pages of one pagemap entry. */
export interface PageRun {
  readonly start: bigint;
  /** First address after it. */
  readonly end: bigint;
  /** file: in pages-N.img at `offset`; parent: unchanged since the parent dump; lazy: left with a page server. */
  readonly where: 'file' | 'parent' | 'lazy' | 'nowhere';
  readonly offset: bigint;
}

export interface Pagemap {
  /** In address order, without overlap. */
  readonly runs: readonly PageRun[];
  /** pages-N.img that holds the pages. */
  readonly pagesName: string;
  readonly problem: Failure | undefined;
}

const PARENT = 1;
const LAZY = 2;
const PRESENT = 4;
const MOST_RUNS = 2_000_000;

/** pagemap-PID.img of one directory; undefined when there is none. `pageSize` in bytes. */
export const readPagemap = async (
  directory: ImageDirectory,
  pid: number,
  pageSize: bigint,
): Promise<Pagemap | Failure | undefined> => {
  const name = `pagemap-${pid}.img`;
  const file = await readImage(directory, name);
  if (file === undefined) return undefined;
  return file.ok ? parsePagemap(name, file.value, pageSize) : file.failure;
};

/** Bytes of a pagemap image: a head, then entries in address order. The offset in the pages file is their sum. */
export const parsePagemap = (name: string, file: Uint8Array, pageSize: bigint): Pagemap | Failure => {
  const { frames, problem } = splitFrames(name, file, 'pagemap', MOST_RUNS);
  const [first, ...rest] = frames;
  if (first === undefined) return problem ?? damaged(name, 'has no head, which names its pages file');
  const head = decodeMessage(name, first, PagemapHeadSchema);
  if (!head.ok) return head.problem;
  const runs: PageRun[] = [];
  const pagesName = `pages-${head.message.pagesId}.img`;
  let offset = 0n;
  let last = 0n;
  for (const frame of rest) {
    const decoded = decodeMessage(name, frame, PagemapEntrySchema);
    if (!decoded.ok) return { runs, pagesName, problem: decoded.problem };
    const run = runOf(decoded.message, offset, pageSize);
    if (run.start < last || run.end > END_OF_MEMORY || run.start % pageSize !== 0n)
      return { runs, pagesName, problem: damaged(name, `entry at byte ${frame.offset} is out of order or absurd`) };
    runs.push(run);
    last = run.end;
    if (run.where === 'file') offset += run.end - run.start;
  }
  return { runs, pagesName, problem };
};

const END_OF_MEMORY = 1n << 64n;

/**
 * CRIU 4.2 writes the number of pages as 64 bits in a field of its own and 0 in the old one. Entries without flags
 * are older than them: then `in_parent` alone decides. PARENT wins over PRESENT (criu/pagemap.c, init_compat_pagemap_entry).
 */
const runOf = (entry: PagemapEntry, offset: bigint, pageSize: bigint): PageRun => {
  const { flags: flagsField, nrPages } = PagemapEntrySchema.field;
  const pages = isFieldSet(entry, nrPages) ? entry.nrPages : BigInt(entry.compatNrPages);
  const plain = isFieldSet(entry, flagsField) ? entry.flags : PRESENT;
  const flags = entry.inParent ? plain | PARENT : plain;
  return { start: entry.vaddr, end: entry.vaddr + pages * pageSize, where: placeOf(flags), offset };
};

const placeOf = (flags: number): PageRun['where'] => {
  if ((flags & PARENT) !== 0) return 'parent';
  if ((flags & PRESENT) !== 0) return 'file';
  return (flags & LAZY) !== 0 ? 'lazy' : 'nowhere';
};

/** The run that covers an address; undefined when none does. Binary search. */
export const runAt = (runs: readonly PageRun[], address: bigint): PageRun | undefined => {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle];
    if (run !== undefined && run.end <= address) low = middle + 1;
    else high = middle;
  }
  const run = runs[low];
  return run !== undefined && run.start <= address && address < run.end ? run : undefined;
};
