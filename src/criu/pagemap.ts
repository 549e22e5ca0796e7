import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Failure } from '../model/failure.js';
import { type AddressRange, byStart } from '../model/vma.js';
import { type ImageDirectory, labelOf, readImage } from './directory.js';
import { damaged, LONGEST_MESSAGE, startOfMessages } from './framing.js';
import { PagemapEntrySchema, PagemapHeadSchema } from './schema/image_pb.js';

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

/** pagemap-PID.img of one directory, as far as it is about `wanted`; undefined when there is none. `pageSize` in bytes. */
export const readPagemap = (
  directory: ImageDirectory,
  pid: number,
  pageSize: bigint,
  wanted: readonly AddressRange[],
): Pagemap | Failure | undefined => {
  const name = `pagemap-${pid}.img`;
  const file = readImage(directory, name);
  if (file === undefined) return undefined;
  return file.ok ? parsePagemap(labelOf(directory, name), file.value, pageSize, wanted) : file.failure;
};

/**
 * Bytes of a pagemap image: a head, then entries in address order. The place of a page in the pages file is the sum of
 * what comes before it, so every entry is looked at; only runs that touch a wanted range are kept. A fragmented address
 * space has a million entries: they are read field by field, without an object for each.
 */
export const parsePagemap = (
  name: string,
  file: Uint8Array,
  pageSize: bigint,
  wanted: readonly AddressRange[] = [{ start: 0n, end: END_OF_MEMORY }],
): Pagemap | Failure => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = startOfMessages(name, view, 'pagemap');
  if (typeof start !== 'number') return start;
  const runs: PageRun[] = [];
  let pagesName: string | undefined;
  const stop = (text: string, cause?: unknown): Pagemap | Failure => {
    const problem = damaged(name, text, cause);
    return pagesName === undefined ? problem : { runs, pagesName, problem };
  };
  const reader = new BinaryReader(file);
  const inOrder = [...wanted].sort(byStart);
  let next = 0;
  let pagesBefore = 0n;
  let last = 0n;
  for (let at = start; at < file.length; ) {
    const left = file.length - at - 4;
    if (left < 0) return stop(`ends at byte ${file.length} in the middle of a length`);
    const size = view.getUint32(at, true);
    if (size > left || size > LONGEST_MESSAGE)
      return stop(`message at byte ${at} claims ${size} bytes, but only ${left} follow`);
    reader.pos = at + 4;
    const end = reader.pos + size;
    try {
      if (pagesName === undefined) pagesName = `pages-${readHead(reader, end)}.img`;
      else {
        const entry = readEntry(reader, end);
        const runEnd = entry.address + entry.pages * pageSize;
        if (entry.address < last || runEnd > END_OF_MEMORY || entry.address % pageSize !== 0n)
          return stop(`entry at byte ${at} is out of order or absurd`);
        // Entries and wanted ranges both go upwards.
        while (next < inOrder.length && (inOrder[next]?.end ?? 0n) <= entry.address) next += 1;
        if ((inOrder[next]?.start ?? END_OF_MEMORY) < runEnd) {
          const { address, flags } = entry;
          runs.push({ start: address, end: runEnd, where: placeOf(flags), offset: pagesBefore * pageSize });
        }
        last = runEnd;
        if ((entry.flags & PRESENT) !== 0) pagesBefore += entry.pages;
      }
      if (reader.pos !== end) return stop(`message at byte ${at} is not valid protobuf`);
    } catch (error) {
      // The decoder throws an Error for every malformed field (bad wire type, early end, overlong varint).
      if (!(error instanceof Error)) throw error;
      return stop(`message at byte ${at} is not valid protobuf`, error);
    }
    at = end;
  }
  if (pagesName === undefined) return damaged(name, 'has no head, which names its pages file');
  return { runs, pagesName, problem: undefined };
};

const END_OF_MEMORY = 1n << 64n;

const FIELD = {
  pagesId: PagemapHeadSchema.field.pagesId.number,
  address: PagemapEntrySchema.field.vaddr.number,
  compatPages: PagemapEntrySchema.field.compatNrPages.number,
  inParent: PagemapEntrySchema.field.inParent.number,
  flags: PagemapEntrySchema.field.flags.number,
  pages: PagemapEntrySchema.field.nrPages.number,
} as const;

const readHead = (reader: BinaryReader, end: number): number => {
  let id = 0;
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === FIELD.pagesId) id = reader.uint32();
    else reader.skip(wire, field);
  }
  return id;
};

/**
 * CRIU 4.2 writes the number of pages as 64 bits in a field of its own and 0 in the old one. Entries without flags are
 * older than them: then `in_parent` alone decides (criu/pagemap.c, init_compat_pagemap_entry).
 */
const readEntry = (reader: BinaryReader, end: number) => {
  let address = 0n;
  let compatPages = 0n;
  let pages: bigint | undefined;
  let flags: number | undefined;
  let inParent = false;
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === FIELD.address) address = BigInt(reader.uint64());
    else if (field === FIELD.compatPages) compatPages = BigInt(reader.uint32());
    else if (field === FIELD.inParent) inParent = reader.bool();
    else if (field === FIELD.flags) flags = reader.uint32();
    else if (field === FIELD.pages) pages = BigInt(reader.uint64());
    else reader.skip(wire, field);
  }
  return { address, pages: pages ?? compatPages, flags: (flags ?? (inParent ? 0 : PRESENT)) | (inParent ? PARENT : 0) };
};

/** PARENT wins over PRESENT (criu/pagemap.c, read_pagemap_page). */
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
