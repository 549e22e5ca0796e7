import type { Abi } from './abi.js';
import { ABI_FACTS } from './abi.js';
import type { Listing } from './assemble.js';
import { assemble } from './assemble.js';
import { codeAarch64 } from './code-aarch64.js';
import { codeI386 } from './code-i386.js';
import { codeX8664 } from './code-x86-64.js';
import {
  DATA,
  DATA_FILE_OFFSET,
  DATA_SIZE,
  FRAME_SIZE,
  frameAddress,
  GREETING,
  OPERATION,
  RECORD_SIZE,
  SLOT,
  TEXT,
} from './layout.js';
import { syscallNumber } from './syscalls.js';

/** Offset of the first record; a fixed place, so that the code need not know its own length. */
const FIRST_RECORD = 0x800;
const CODE = 0x100;

/**
 * The whole executable: a static, non-relocatable ELF file with three program headers (text, data, and a GNU stack that
 * is not executable, for without it every mapping of an i386 process would become so: READ_IMPLIES_EXEC). It starts by
 * greeting on fd 1 and waits for a frame on fd 0.
 */
export const puppetImage = (abi: Abi): Buffer => {
  const file = Buffer.alloc(DATA_FILE_OFFSET + GREETING.length);
  elfHeader(abi).copy(file, 0);
  const code = assemble(listing(abi));
  if (CODE + code.length > FIRST_RECORD) throw new Error('the code of the test process runs into its first record');
  code.copy(file, CODE);
  firstRecord().copy(file, FIRST_RECORD);
  file.write(GREETING, DATA_FILE_OFFSET, 'latin1');
  return file;
};

/** The code of an ABI as a listing, for reading and for tests. */
export const listing = (abi: Abi): Listing => {
  const record = TEXT + FIRST_RECORD;
  if (abi === 'i386') return codeI386(record);
  if (abi === 'aarch64') return codeAarch64(record);
  return codeX8664(record, {
    read: syscallNumber(abi, 'read'),
    write: syscallNumber(abi, 'write'),
    exit: syscallNumber(abi, 'exit_group'),
  });
};

/**
 * serve: write the first frame place, which holds GREETING and zeros then, to fd 1 (so that a start and a later exec are
 * both seen), read a frame from fd 0 to the same place, go on there.
 */
const firstRecord = (): Buffer => {
  const record = Buffer.alloc(RECORD_SIZE);
  record.writeBigUInt64LE(BigInt(OPERATION.serve), SLOT.operation);
  const values = [1, frameAddress(0), FRAME_SIZE, 0, frameAddress(0), FRAME_SIZE];
  for (const [index, value] of values.entries()) record.writeBigUInt64LE(BigInt(value), SLOT.argument + 8 * index);
  return record;
};

const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const R = 4;
const W = 2;
const X = 1;

const segments = [
  { type: PT_LOAD, flags: R | X, offset: 0, address: TEXT, fileSize: DATA_FILE_OFFSET, memorySize: DATA_FILE_OFFSET },
  {
    type: PT_LOAD,
    flags: R | W,
    offset: DATA_FILE_OFFSET,
    address: DATA,
    fileSize: GREETING.length,
    memorySize: DATA_SIZE,
  },
  { type: PT_GNU_STACK, flags: R | W, offset: 0, address: 0, fileSize: 0, memorySize: 0 },
] as const;

const elfHeader = (abi: Abi): Buffer => {
  const { elfClass, elfMachine } = ABI_FACTS[abi];
  const wide = elfClass === 2;
  const headerSize = wide ? 64 : 52;
  const segmentSize = wide ? 56 : 32;
  const out = Buffer.alloc(headerSize + segmentSize * segments.length);
  out.write('\x7fELF', 0, 'latin1');
  out.set([elfClass, 1, 1], 4);
  // e_ident padding, which the kernel does not look at. Where it cannot run this file, execvp (Node uses it) hands the
  // file to /bin/sh, and these are the first bytes a shell would understand.
  out.write('\nexit\n', 9, 'latin1');
  let at = 16;
  const half = (value: number): void => {
    at = out.writeUInt16LE(value, at);
  };
  const long = (value: number): void => {
    at = out.writeUInt32LE(value, at);
  };
  const native = (value: number): void => {
    at = wide ? out.writeBigUInt64LE(BigInt(value), at) : out.writeUInt32LE(value, at);
  };
  half(2); // e_type ET_EXEC
  half(elfMachine);
  long(1); // e_version
  native(TEXT + CODE); // e_entry
  native(headerSize); // e_phoff
  native(0); // e_shoff
  long(0); // e_flags
  half(headerSize);
  half(segmentSize);
  half(segments.length);
  half(0);
  half(0);
  half(0);
  for (const segment of segments) {
    long(segment.type);
    if (wide) long(segment.flags);
    native(segment.offset);
    native(segment.address);
    native(segment.address);
    native(segment.fileSize);
    native(segment.memorySize);
    if (!wide) long(segment.flags);
    native(segment.type === PT_LOAD ? 0x10000 : 16);
  }
  return out;
};
