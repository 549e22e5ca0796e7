import { type FileHandle, open } from 'node:fs/promises';
import { elfReader } from '../elf/reader.js';
import { PT_LOAD, PT_NOTE } from '../elf/segments.js';
import type { Evidence, Unread } from '../model/evidence.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { byStart, type Vma } from '../model/vma.js';
import { parseAuxv } from '../proc/parse/auxv.js';
import { escapeText } from '../text/escape.js';
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

const MACHINES = new Map([
  [62, 'x86_64'],
  [3, 'i686'],
  [183, 'aarch64'],
  [40, 'armv7l'],
  [243, 'riscv64'],
  [22, 's390x'],
  [21, 'ppc64le'],
  [258, 'loongarch64'],
  [8, 'mips'],
]);

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
  const bits = header[4] === 2 ? 64 : 32;
  const littleEndian = header[5] !== 2;
  const read = elfReader(header, littleEndian, bits);
  if (header.toString('latin1', 0, 4) !== '\u007fELF' || read.u16(16) !== 4) {
    return failed(failure('bad-input', `${shown} is not an ELF core file.`, 'Check the path.'));
  }
  const machine = read.u16(18) ?? 0;
  const tableAt = Number(read.word(bits === 64 ? 32 : 28) ?? 0n);
  const entrySize = sizeOfSegment(bits);
  const count = await segmentCount(file, header, bits, littleEndian);
  if (count > MOST_SEGMENTS) {
    return failed(
      failure('bad-input', `${shown} claims ${count} segments, more than a process can have.`, 'Copy it again.'),
    );
  }
  if (count === 0) {
    return failed(failure('bad-input', `${shown} is a core file without any memory in it.`, 'Copy it again.'));
  }
  const table = await bytesAt(file, tableAt, count * entrySize);
  const segments = readSegments(table, bits, littleEndian);
  const unread: Unread[] = [];
  if (table.length < count * entrySize) {
    unread.push({ what: 'maps', why: 'truncated', detail: 'the program header table is cut short' });
  }
  const notes: Buffer[] = [];
  for (const segment of segments) {
    if (segment.type === PT_NOTE) {
      notes.push(await bytesAt(file, Number(segment.offset), Math.min(Number(segment.fileSize), MOST_NOTE_BYTES)));
    }
  }
  const facts = readNotes(Buffer.concat(notes), machine, bits, littleEndian);
  const auxv = facts.auxv === undefined ? undefined : parseAuxv(facts.auxv);
  const loads = segments.filter((segment) => segment.type === PT_LOAD && segment.end > segment.start);
  const vmas = loads.map((segment) => vmaOf(segment, facts.files)).sort(byStart);
  const bytes = new Map<bigint, Uint8Array>();
  for (const segment of loads) {
    if (!segment.execute || segment.fileSize === 0n || segment.fileSize > BigInt(MOST_IMAGE_BYTES)) continue;
    const content = await bytesAt(file, Number(segment.offset), Number(segment.fileSize));
    if (content.length > 0) bytes.set(segment.start, Uint8Array.from(content));
    if (content.length < Number(segment.fileSize))
      unread.push({ what: 'mem', why: 'truncated', detail: `segment at 0x${segment.start.toString(16)} is cut off` });
  }
  const evidence: Evidence = {
    source: 'core',
    takenAt: undefined,
    host: {
      release: undefined,
      machine: MACHINES.get(machine),
      pageSize: 4096,
      hintTest: 'unknown',
      reference: new Map(),
    },
    process: {
      pid: facts.pid ?? 0,
      comm: facts.comm,
      cmdline: undefined,
      startTicks: undefined,
      state: undefined,
      parent: undefined,
      tracer: undefined,
      uid: facts.uid,
      kernelThread: false,
      instructionPointers: facts.instructionPointers,
    },
    vmas: vmas.length === 0 ? undefined : vmas,
    smaps: undefined,
    pagemap: new Map(),
    kpageflags: new Map(),
    bytes,
    auxv,
    namespaces: new Map(),
    contextVdso: undefined,
    faultedPages: false,
    unread,
  };
  return success({ path, evidence, signal: facts.signal });
};

const segmentCount = async (file: FileHandle, header: Buffer, bits: 32 | 64, littleEndian: boolean) => {
  const wide = bits === 64;
  const read = elfReader(header, littleEndian, bits);
  const count = read.u16(wide ? 56 : 44) ?? 0;
  if (count !== PN_XNUM) return count;
  const sections = Number(read.word(wide ? 40 : 32) ?? 0n);
  const first = elfReader(await bytesAt(file, sections, 64), littleEndian, bits);
  return first.u32(wide ? 44 : 28) ?? 0;
};

const vmaOf = (segment: Segment, files: CoreNotes['files']): Vma => {
  const file = files.find((entry) => entry.start <= segment.start && segment.start < entry.end);
  return {
    start: segment.start,
    end: segment.end,
    read: segment.read,
    write: segment.write,
    execute: segment.execute,
    shared: false,
    offset: 0n,
    device: '00:00',
    inode: 0n,
    name: file?.path ?? '',
  };
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
