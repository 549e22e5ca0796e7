import { imagePages, type Space } from './space.js';
import { imageIndex, type Traits } from './traits.js';

/**
 * munmap, mprotect and mremap of a part split a vDSO before 5.11; the pieces lie side by side unless one was moved. Is
 * this mapping a piece of the same vDSO as one of those found?
 */
export const isPieceOf = (space: Space, found: readonly Traits[], traits: Traits): boolean => {
  if (!traits.fileless || traits.otherSpecial || traits.vma.shared || traits.special === false) return false;
  return found.some((piece) =>
    imageIndex(piece) === undefined ? completes(space, piece, traits) : fitsByFrames(space, piece, traits),
  );
};

/** A frame says where the piece stands in its image, and so how much of it lies beside. */
const fitsByFrames = (space: Space, piece: Traits, { vma, pageTotal, content }: Traits): boolean => {
  const place = imageIndex(piece);
  const total = imagePages(space, place?.image);
  if (content === 'other' || place === undefined || total === undefined || piece.pageTotal >= total) return false;
  const before = vma.end === piece.vma.start && place.first === pageTotal;
  const after = vma.start === piece.vma.end && place.first + piece.pageTotal + pageTotal === total;
  return before || after;
};

/** Without one (a container's copy, no reference, frames hidden): a head and a tail that are one image together. */
const completes = (space: Space, piece: Traits, traits: Traits): boolean => {
  if (piece.vma.end === traits.vma.start) return isWhole(space, piece, traits) && mayBeTail(traits);
  return traits.vma.end === piece.vma.start && isWhole(space, traits, piece);
};

const isWhole = (space: Space, head: Traits, tail: Traits): boolean =>
  (beginsImage(head) || (head.content === undefined && (head.named || head.atAuxv))) &&
  !beginsImage(tail) &&
  head.pageTotal + tail.pageTotal === wholePages(space, head);

const beginsImage = ({ content }: Traits): boolean => content === 'vdso' || content === 'maybe';

/** Its page set says so, else its program, else the table of sections that ends it. */
const wholePages = (space: Space, { elf }: Traits): number | undefined => {
  const known = imagePages(space, elf?.image ?? space.abi);
  if (known !== undefined || elf === undefined) return known;
  const { sectionHeaders: table } = elf.header;
  const size = elf.programSize ?? (table.count > 0 ? table.offset + table.count * table.size : undefined);
  return size === undefined ? undefined : Math.ceil(size / Number(space.pageSize));
};

/** Nothing makes it other memory: it was not written. */
const mayBeTail = ({ vma, pages, smaps }: Traits): boolean =>
  !vma.write && !pages.some(({ state }) => state === 'copied') && (pages.length > 0 || (smaps?.anonymous ?? 0) === 0);
