import { BinaryReader } from '@bufbuild/protobuf/wire';
import { AT_PAGESZ, type Auxv } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import { damaged, splitFrames } from './framing.js';
import type { ImageArea } from './image-set.js';
import { MappedAreaSchema, MemorySchema } from './schema/image_pb.js';

/** What an mm image holds, as far as it is sound. */
export interface SavedMemory {
  /** mm_saved_auxv, see `savedAuxv`. */
  readonly auxv: readonly bigint[];
  /** As written: CRIU writes them in address order. */
  readonly areas: readonly ImageArea[];
  /** Nothing at all could be read. */
  readonly empty: boolean;
  readonly problem: Failure | undefined;
}

/** vm.max_map_count is 65,530 by default and 262,144 where raised. */
const MOST_AREAS = 300_000;
const MOST_WORDS = 512;

/**
 * Bytes of an mm image (one mm_entry), or of a vmas image of CRIU before 0.8 (a vma_entry a message). A process may have
 * a quarter of a million mappings: they are read field by field, without a message object for each.
 */
export const parseMemory = (name: string, file: Uint8Array, kind: 'mm' | 'vmas'): SavedMemory => {
  const { frames, problem } = splitFrames(name, file, kind, kind === 'mm' ? 1 : MOST_AREAS);
  const auxv: bigint[] = [];
  const areas: ImageArea[] = [];
  const result = (found: Failure | undefined): SavedMemory => ({
    auxv,
    areas,
    empty: frames.length === 0,
    problem: found,
  });
  for (const { bytes, offset } of frames) {
    const reader = new BinaryReader(bytes);
    try {
      if (kind === 'vmas') areas.push(readArea(reader, bytes.length));
      else readMemory(reader, auxv, areas);
    } catch (error) {
      // The reader throws an Error for every malformed field (bad wire type, early end, overlong varint).
      if (!(error instanceof Error)) throw error;
      return result(
        damaged(name, `message at byte ${offset} is not valid protobuf after ${areas.length} mappings`, error),
      );
    }
    if (areas.length >= MOST_AREAS)
      return result(
        damaged(name, `message at byte ${offset} has more than ${MOST_AREAS} mappings; the rest was not read`),
      );
  }
  return result(problem);
};

const MEMORY = { auxv: MemorySchema.field.savedAuxv.number, areas: MemorySchema.field.vmas.number } as const;

const readMemory = (reader: BinaryReader, auxv: bigint[], areas: ImageArea[]): void => {
  while (reader.pos < reader.len && areas.length < MOST_AREAS) {
    const [field, wire] = reader.tag();
    if (field === MEMORY.areas) {
      const size = reader.uint32();
      if (size > reader.len - reader.pos) throw new RangeError('a mapping goes beyond the message');
      areas.push(readArea(reader, reader.pos + size));
    } else if (field === MEMORY.auxv) {
      const word = BigInt(reader.uint64());
      if (auxv.length < MOST_WORDS) auxv.push(word);
    } else reader.skip(wire, field);
  }
};

const AREA = {
  start: MappedAreaSchema.field.start.number,
  end: MappedAreaSchema.field.end.number,
  offset: MappedAreaSchema.field.pgoff.number,
  sharedMemoryId: MappedAreaSchema.field.shmid.number,
  protection: MappedAreaSchema.field.prot.number,
  flags: MappedAreaSchema.field.flags.number,
  status: MappedAreaSchema.field.status.number,
  advice: MappedAreaSchema.field.madv.number,
} as const;

const readArea = (reader: BinaryReader, limit: number): ImageArea => {
  let [start, end, offset, sharedMemoryId, advice] = [0n, 0n, 0n, 0n, 0n];
  let [protection, flags, status] = [0, 0, 0];
  while (reader.pos < limit) {
    const [field, wire] = reader.tag();
    if (field === AREA.start) start = BigInt(reader.uint64());
    else if (field === AREA.end) end = BigInt(reader.uint64());
    else if (field === AREA.protection) protection = reader.uint32();
    else if (field === AREA.flags) flags = reader.uint32();
    else if (field === AREA.status) status = reader.uint32();
    else if (field === AREA.offset) offset = BigInt(reader.uint64());
    else if (field === AREA.sharedMemoryId) sharedMemoryId = BigInt(reader.uint64());
    else if (field === AREA.advice) advice = BigInt(reader.uint64());
    else reader.skip(wire, field);
  }
  if (reader.pos !== limit) throw new RangeError('a field goes beyond its mapping');
  return { start, end, offset, sharedMemoryId, protection, flags, status, advice };
};

/**
 * The auxiliary vector an mm image saved: for a 64-bit task type and value in turn, for a 32-bit task one word of
 * type | value << 32 (seen with CRIU 4.2; AT_NULL may be cut off). Told apart by the words themselves, since a
 * type is a small number. Undefined when nothing was saved.
 */
export const savedAuxv = (words: readonly bigint[], machine: string | undefined): Auxv | undefined => {
  if (words.length === 0) return undefined;
  const packed = words.some((word, index) => index % 2 === 0 && word >> 32n !== 0n);
  const entries = new Map<number, bigint>();
  for (let index = 0; index < Math.min(words.length, MOST_WORDS); index += packed ? 1 : 2) {
    const word = words[index] ?? 0n;
    const type = Number(word & LOW);
    if (type === AT_NULL) break;
    const value = packed ? word >> 32n : words[index + 1];
    if (value !== undefined && !entries.has(type)) entries.set(type, value);
  }
  const narrow = packed || (machine !== undefined && NARROW.has(machine));
  return { wordSize: narrow ? 4 : 8, littleEndian: machine !== 's390x', entries };
};

const AT_NULL = 0;
const LOW = 0xffff_ffffn;
const NARROW = new Set(['arm']);

const PAGE_SIZES = new Set([4096, 16384, 65536]);

/** AT_PAGESZ when it is a size some kernel uses, 4096 otherwise. */
export const pageSizeOf = (auxv: Auxv | undefined): number => {
  const size = Number(auxv?.entries.get(AT_PAGESZ) ?? 4096n);
  return PAGE_SIZES.has(size) ? size : 4096;
};
