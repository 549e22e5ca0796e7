import { type ElfReader, elfReader } from '../elf/reader.js';

/**
 * The notes of an ELF core file (fs/binfmt_elf.c, fill_note_info): who crashed, where, with which auxiliary vector
 * and which files mapped. Layouts are the kernel's struct elf_prstatus and elf_prpsinfo per machine.
 */
export interface CoreNotes {
  readonly pid: number | undefined;
  readonly comm: string | undefined;
  readonly uid: number | undefined;
  /** Instruction pointer of each thread, the crashed one first. */
  readonly instructionPointers: readonly bigint[];
  readonly signal: { readonly number: number; readonly address: bigint | undefined } | undefined;
  readonly auxv: Uint8Array | undefined;
  readonly files: readonly { readonly start: bigint; readonly end: bigint; readonly path: string }[];
}

/** Offsets of pr_pid and of the instruction pointer in struct elf_prstatus, by e_machine. */
const PRSTATUS = new Map([
  [62, { pid: 32, ip: 112 + 16 * 8 }],
  [3, { pid: 24, ip: 72 + 12 * 4 }],
  [183, { pid: 32, ip: 112 + 32 * 8 }],
]);

const NT = { prstatus: 1, prpsinfo: 3, auxv: 6, siginfo: 0x53494749, file: 0x46494c45 } as const;

/** The notes of a core file: Elf_Nhdr, name and body, padded to four bytes (fs/binfmt_elf.c, fill_note_info). */
export const readNotes = (notes: Buffer, machine: number, bits: 32 | 64, littleEndian: boolean): CoreNotes => {
  const wide = bits === 64;
  let pid: number | undefined;
  let comm: string | undefined;
  let uid: number | undefined;
  let signal: CoreNotes['signal'];
  let auxv: Uint8Array | undefined;
  let files: CoreNotes['files'] = [];
  const instructionPointers: bigint[] = [];
  for (const { type, body } of eachNote(notes, littleEndian)) {
    const read = elfReader(body, littleEndian, bits);
    if (type === NT.prstatus) {
      const layout = PRSTATUS.get(machine);
      const ip = layout && read.word(layout.ip);
      if (ip !== undefined) instructionPointers.push(ip);
      pid ??= layout && read.u32(layout.pid);
    } else if (type === NT.prpsinfo) {
      const fname = wide ? 40 : 28;
      comm = body
        .subarray(fname, fname + 16)
        .toString('latin1')
        .split('\0')[0];
      uid = wide ? read.u32(16) : read.u16(8);
    } else if (type === NT.auxv) auxv = Uint8Array.from(body);
    else if (type === NT.file) files = readFiles(body, read, wide ? 8 : 4);
    else if (type === NT.siginfo) {
      const number = read.u32(0);
      if (number !== undefined) signal = { number, address: read.word(wide ? 16 : 12) };
    }
  }
  return { pid, comm, uid, instructionPointers, signal, auxv, files };
};

/** Elf_Nhdr: namesz, descsz, type; name and body each padded to 4 bytes. Stops at the first that does not fit. */
function* eachNote(notes: Buffer, littleEndian: boolean): Generator<{ type: number; body: Buffer }> {
  const read = elfReader(notes, littleEndian, 32);
  for (let offset = 0; ; ) {
    const nameSize = read.u32(offset);
    const bodySize = read.u32(offset + 4);
    const type = read.u32(offset + 8);
    if (nameSize === undefined || bodySize === undefined || type === undefined) return;
    const name = offset + 12;
    const body = name + align4(nameSize);
    if (body + bodySize > notes.length) return;
    if (notes.subarray(name, name + 4).toString('latin1') === 'CORE') {
      yield { type, body: notes.subarray(body, body + bodySize) };
    }
    offset = body + align4(bodySize);
  }
}

const align4 = (size: number): number => (size + 3) & ~3;

/** NT_FILE: count, page size, then (start, end, page offset) each, then the paths, each ended by NUL. */
const readFiles = (body: Buffer, read: ElfReader, size: 4 | 8): CoreNotes['files'] => {
  const fits = BigInt(Math.floor(body.length / (3 * size)));
  const said = read.word(0) ?? 0n;
  const count = Number(said < fits ? said : fits);
  const paths = body
    .subarray((2 + 3 * count) * size)
    .toString('latin1')
    .split('\0');
  return Array.from({ length: count }, (_, index) => {
    const at = (2 + 3 * index) * size;
    return { start: read.word(at) ?? 0n, end: read.word(at + size) ?? 0n, path: paths[index] ?? '' };
  });
};
