import { type FileHandle, open } from 'node:fs/promises';
import { elfReader } from '../elf/reader.js';
import { PT_LOAD, PT_NOTE } from '../elf/segments.js';
import type { Evidence, Unread } from '../model/evidence.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { coreEvidence } from './evidence.js';
import { type CoreNotes, readNotes } from './notes.js';
import { readSegments, type Segment, sizeOfSegment } from './segments.js';

/** A core file: the evidence a judge understands, and what only a crash has. */
export interface CoreFile {
  readonly path: string;
  readonly evidence: Evidence;
  readonly signal: CoreNotes['signal'];
}

/** More program headers than this in e_phnum stand in section header 0 (PN_XNUM, elf(5)). */
const PN_XNUM = 0xffff;
const MOST_SEGMENTS = 1_000_000;
const MOST_NOTE_BYTES = 64 << 20;
/** No vDSO image of any architecture has more (powerpc: 13 pages of 4 KiB). */
const MOST_IMAGE_BYTES = 256 << 10;

/**
 * Reads an ELF core file of any class and byte order: segments, notes, and the bytes of the segments that can hold a
 * vDSO. The kernel always writes the vDSO into a core (always_dump_vma, fs/coredump.c) and never vvar (VM_DONTDUMP).
 */
export const readCore = async (path: string): Promise<Outcome<CoreFile>> => {
  const shown = escapeText(path);
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return failed(failure('unreadable', `${shown} cannot be opened.`, 'Check the path and its permissions.', error));
  }
  try {
    return await readOpen(file, path, shown);
  } finally {
    await file.close();
  }
};

const readOpen = async (file: FileHandle, path: string, shown: string): Promise<Outcome<CoreFile>> => {
  const header = await bytesAt(file, 0, 64);
  const form: Form = { bits: header[4] === 2 ? 64 : 32, littleEndian: header[5] !== 2 };
  const { bits, littleEndian } = form;
  const read = elfReader(header, littleEndian, bits);
  if (header.toString('latin1', 0, 4) !== '\u007fELF' || read.u16(16) !== ET_CORE)
    return failed(failure('bad-input', `${shown} is not an ELF core file.`, 'Check the path.'));
  const count = await segmentCount(file, header, form);
  if (count > MOST_SEGMENTS)
    return failed(
      failure('bad-input', `${shown} claims ${count} segments, more than a process can have.`, 'Copy it again.'),
    );
  if (count === 0)
    return failed(failure('bad-input', `${shown} is a core file without any memory in it.`, 'Copy it again.'));
  const machine = read.u16(18) ?? 0;
  const unread: Unread[] = [];
  const segments = await segmentsAt(file, Number(read.word(bits === 64 ? 32 : 28) ?? 0n), count, form, unread);
  const notes = readNotes(await notesIn(file, segments), machine, bits, littleEndian);
  const loads = segments.filter((segment) => segment.type === PT_LOAD && segment.end > segment.start);
  const bytes = await codeIn(file, loads, unread);
  return success({ path, evidence: coreEvidence({ machine, notes, loads, bytes, unread }), signal: notes.signal });
};

interface Form {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
}

const ET_CORE = 4;

const segmentsAt = async (
  file: FileHandle,
  offset: number,
  count: number,
  { bits, littleEndian }: Form,
  unread: Unread[],
): Promise<readonly Segment[]> => {
  const size = count * sizeOfSegment(bits);
  const table = await bytesAt(file, offset, size);
  if (table.length < size)
    unread.push({ what: 'maps', why: 'truncated', detail: 'the program header table is cut short' });
  return readSegments(table, bits, littleEndian);
};

const notesIn = async (file: FileHandle, segments: readonly Segment[]): Promise<Buffer> => {
  const notes: Buffer[] = [];
  for (const { type, offset, fileSize } of segments)
    if (type === PT_NOTE) notes.push(await bytesAt(file, Number(offset), Math.min(Number(fileSize), MOST_NOTE_BYTES)));
  return Buffer.concat(notes);
};

/** The bytes of what may be a vDSO, by where it starts. */
const codeIn = async (
  file: FileHandle,
  loads: readonly Segment[],
  unread: Unread[],
): Promise<ReadonlyMap<bigint, Uint8Array>> => {
  const bytes = new Map<bigint, Uint8Array>();
  for (const { execute, start, offset, fileSize } of loads) {
    if (!execute || fileSize === 0n || fileSize > BigInt(MOST_IMAGE_BYTES)) continue;
    const content = await bytesAt(file, Number(offset), Number(fileSize));
    if (content.length > 0) bytes.set(start, Uint8Array.from(content));
    if (content.length < Number(fileSize))
      unread.push({ what: 'mem', why: 'truncated', detail: `segment at 0x${start.toString(16)} is cut off` });
  }
  return bytes;
};

const segmentCount = async (file: FileHandle, header: Buffer, { bits, littleEndian }: Form): Promise<number> => {
  const wide = bits === 64;
  const read = elfReader(header, littleEndian, bits);
  const count = read.u16(wide ? 56 : 44) ?? 0;
  if (count !== PN_XNUM) return count;
  const sections = Number(read.word(wide ? 40 : 32) ?? 0n);
  const first = elfReader(await bytesAt(file, sections, 64), littleEndian, bits);
  return first.u32(wide ? 44 : 28) ?? 0;
};

/** Up to `length` bytes; fewer at the end of the file or for offsets no file has. */
const bytesAt = async (file: FileHandle, offset: number, length: number): Promise<Buffer> => {
  if (!Number.isSafeInteger(offset) || offset < 0 || length <= 0) return Buffer.alloc(0);
  const { size } = await file.stat();
  const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
};
