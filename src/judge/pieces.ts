import { mappedPages } from '../elf/image.js';
import { imagePages, type Space } from './space.js';
import { imageIndex, looksAlike, type Traits } from './traits.js';

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

/**
 * Behind its last piece lies memory that would make the image whole: a tail that was written, or other memory in the
 * place of one. Only a known page set says how much is missing.
 */
export const mayLackTail = (space: Space, pieces: readonly Traits[]): boolean => {
  const last = pieces.at(-1);
  const total = imagePages(space, pieces.find(({ elf }) => elf?.image !== undefined)?.elf?.image ?? space.abi);
  const missing = (total ?? 0) - pieces.reduce((pages, { pageTotal }) => pages + pageTotal, 0);
  const next = space.traits.find(({ vma }) => vma.start === last?.vma.end);
  if (next === undefined || next.pageTotal !== missing || next.otherSpecial || looksAlike(next)) return false;
  return next.fileless && !next.vma.shared && next.special !== false;
};

/** A frame says where the piece stands in its image, and so how much of it lies beside. */
const fitsByFrames = (space: Space, piece: Traits, { vma, pageTotal, content }: Traits): boolean => {
  const place = imageIndex(piece);
  const total = imagePages(space, place?.image);
  if (place === undefined || total === undefined || piece.pageTotal >= total) return false;
  const before = vma.end === piece.vma.start && place.first === pageTotal;
  const after = vma.start === piece.vma.end && place.first + piece.pageTotal + pageTotal === total;
  // No image begins in a tail: of bytes that were written over, only that they are still text speaks for it.
  return content === 'other' ? after && vma.execute : before || after;
};

/** Without one (a container's copy, no reference, frames hidden): a head and a tail that are one image together. */
const completes = (space: Space, piece: Traits, traits: Traits): boolean => {
  if (piece.vma.end === traits.vma.start) return isWhole(space, piece, traits) && mayBeTail(traits);
  return traits.vma.end === piece.vma.start && isWhole(space, traits, piece);
};

const isWhole = (space: Space, head: Traits, tail: Traits): boolean =>
  (looksAlike(head) || (head.content === undefined && (head.named || head.atAuxv))) &&
  !looksAlike(tail) &&
  head.pageTotal + tail.pageTotal === wholePages(space, head);

/** Its page set says so, else its headers. */
const wholePages = (space: Space, { elf }: Traits): number | undefined =>
  imagePages(space, elf?.image ?? space.abi) ?? (elf && mappedPages(elf, Number(space.pageSize)));

/** Nothing makes it other memory: it was not written. */
const mayBeTail = ({ vma, pages, smaps }: Traits): boolean =>
  !vma.write && !pages.some(({ state }) => state === 'copied') && (pages.length > 0 || (smaps?.anonymous ?? 0) === 0);
