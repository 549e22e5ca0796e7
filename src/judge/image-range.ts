import type { AddressRange } from '../model/vma.js';
import { vvarBlock } from './layout.js';
import { imagePages, type Space } from './space.js';
import { imageIndex, type Traits } from './traits.js';

/**
 * Where the whole image of these pieces lies, mapped or not: before 5.11 a page can be unmapped alone. A frame says
 * which pages are left; where none does, what was not cut off in front begins at the auxv address or behind its vvar.
 */
export const imageRange = (space: Space, pieces: readonly Traits[]): AddressRange => {
  const [first] = pieces;
  if (first === undefined) return { start: 0n, end: 0n };
  const { start } = first.vma;
  const end = pieces.at(-1)?.vma.end ?? first.vma.end;
  const place = imageIndex(first);
  const total = imagePages(space, first.elf?.image ?? place?.image ?? space.abi);
  const size = total === undefined ? end - start : BigInt(total) * space.pageSize;
  const missing = size - (end - start);
  const cut = place === undefined ? cutInFront(space, first, missing) : BigInt(place.first) * space.pageSize;
  return { start: start - cut, end: missing > 0n ? start - cut + size : end };
};

/** Bytes that are gone before the first piece, of the `missing` ones. */
const cutInFront = (space: Space, { vma, elf, mark }: Traits, missing: bigint): bigint => {
  if (missing <= 0n || elf !== undefined || mark !== undefined || space.auxvVdso === vma.start) return 0n;
  const fits = (cut: bigint): boolean => {
    const [start, end] = [vma.start - cut, vma.end + missing - cut];
    return space.auxvVdso === start || vvarBlock(space, { start, end }) !== undefined;
  };
  const cuts = Array.from({ length: Number(missing / space.pageSize) }, (_, page) => BigInt(page + 1) * space.pageSize);
  return fits(0n) ? 0n : (cuts.find(fits) ?? 0n);
};
