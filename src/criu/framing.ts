import { type Failure, failure } from '../model/failure.js';

/**
 * First words of CRIU's image files (criu/include/magic.h). Since image format 1.1 (2014) a common word comes first
 * and the type second; inventory.img kept its own word alone, statistics have a word of their own.
 */
export const COMMON_MAGIC = 0x54564319;
export const SERVICE_MAGIC = 0x55105940;

export const IMAGE_MAGIC = {
  inventory: 0x58313116,
  pstree: 0x50273030,
  core: 0x55053847,
  mm: 0x57492820,
  pagemap: 0x56084025,
  ids: 0x54432030,
  timens: 0x43114433,
  vmas: 0x54123737,
  stats: 0x57093306,
} as const;

export type ImageKind = keyof typeof IMAGE_MAGIC;

/** The kind a magic word stands for; undefined for kinds that say nothing about the vDSO, and for nonsense. */
const kindOfMagic = (word: number): ImageKind | undefined => BY_MAGIC.get(word);

const BY_MAGIC = new Map<number, ImageKind>([
  [IMAGE_MAGIC.inventory, 'inventory'],
  [IMAGE_MAGIC.pstree, 'pstree'],
  [IMAGE_MAGIC.core, 'core'],
  [IMAGE_MAGIC.mm, 'mm'],
  [IMAGE_MAGIC.pagemap, 'pagemap'],
  [IMAGE_MAGIC.ids, 'ids'],
  [IMAGE_MAGIC.timens, 'timens'],
  [IMAGE_MAGIC.vmas, 'vmas'],
  [IMAGE_MAGIC.stats, 'stats'],
]);

/** One protobuf message of an image file and where its bytes begin there. */
export interface Frame {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface Frames {
  readonly frames: readonly Frame[];
  /** What is wrong with the file, with its name and the offset; the frames before it are good. */
  readonly problem: Failure | undefined;
}

/** A message of a real image is far smaller: 65,530 VMAs (vm.max_map_count) take 3 MB. */
export const LONGEST_MESSAGE = 32 * 2 ** 20;

/**
 * Cuts an image file into its messages: one or two magic words, then {u32 size, message}* to the end, all little
 * endian. `name` is for the sentence. Both framings are read: 1.1 (two words) and 1.0 (one).
 */
export const splitFrames = (name: string, file: Uint8Array, kind: ImageKind, most: number): Frames => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = startOfMessages(name, view, kind);
  if (typeof start !== 'number') return { frames: [], problem: start };
  const frames: Frame[] = [];
  const stop = (text: string): Frames => ({ frames, problem: damaged(name, text) });
  let offset = start;
  while (offset < file.byteLength) {
    if (offset + 4 > file.byteLength) return stop(`ends at byte ${file.byteLength} in the middle of a length`);
    const size = view.getUint32(offset, true);
    const left = file.byteLength - offset - 4;
    if (size > left) return stop(`message at byte ${offset} claims ${size} bytes, but only ${left} follow`);
    if (size > LONGEST_MESSAGE) return stop(`message at byte ${offset} claims ${size} bytes, more than any real one`);
    if (frames.length === most) return stop(`holds more than ${most} messages; the rest was not read`);
    frames.push({ offset: offset + 4, bytes: file.subarray(offset + 4, offset + 4 + size) });
    offset += 4 + size;
  }
  return { frames, problem: undefined };
};

/** Where the first message begins; what is wrong when the magic is not that of the kind. */
export const startOfMessages = (name: string, view: DataView, kind: ImageKind): number | Failure => {
  if (view.byteLength < 4) return damaged(name, `is only ${view.byteLength} bytes long, too short for an image`);
  const first = view.getUint32(0, true);
  const two = first === COMMON_MAGIC || first === SERVICE_MAGIC;
  if (two && view.byteLength < 8) return damaged(name, `ends at byte ${view.byteLength} before it says what it is`);
  const word = two ? view.getUint32(4, true) : first;
  if (word === IMAGE_MAGIC[kind]) return two ? 8 : 4;
  const found = kindOfMagic(word);
  const what = found === undefined ? `the unknown magic 0x${word.toString(16)}` : `the magic of a ${found} image`;
  return damaged(name, `has ${what} at byte ${two ? 4 : 0} instead of that of a ${kind} image`);
};

/** `name`: the image, escaped; `text`: what is wrong with it, without a full stop. */
export const damaged = (name: string, text: string, cause?: unknown): Failure =>
  failure('bad-input', `${name} ${text}.`, 'Copy the images again; what is sound of them is still read.', cause);
