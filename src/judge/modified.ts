import { mayLackTail } from './pieces.js';
import type { Space } from './space.js';
import { imageIndex, type Traits } from './traits.js';

/**
 * Pages of the vDSO that are private copies now, numbered from the start of its first piece; undefined when the
 * evidence does not tell for each page. Page by page from pagemap; of pages that it does not tell, smaps says how many
 * are copies (Anonymous and Swap): none, or all, is an answer, some is not.
 */
export const modifiedPages = (space: Space, pieces: readonly Traits[]): readonly number[] | undefined => {
  if (mayLackTail(space, pieces)) return undefined;
  const first = pieces[0]?.vma.start ?? 0n;
  const inSet = pieces.some((piece) => imageIndex(piece) !== undefined);
  const numbers: number[] = [];
  for (const piece of pieces) {
    const offset = Number((piece.vma.start - first) / space.pageSize);
    const copied = copiedIn(space, piece, inSet);
    if (copied === undefined) return undefined;
    numbers.push(...copied.map((page) => page + offset));
  }
  return numbers;
};

/**
 * `inSet`: some page of the vDSO is one of a known set. A set is allocated whole, so another frame beside it is a copy,
 * also in a piece of its own (see `settle` for the pages of one mapping).
 */
const copiedIn = (space: Space, traits: Traits, inSet: boolean): readonly number[] | undefined => {
  const { pages, pageTotal, smaps } = traits;
  const states = Array.from({ length: pageTotal }, (_, index) => {
    const page = pages[index];
    return inSet && page?.state === 'unknown' && page.frame !== undefined ? 'copied' : (page?.state ?? 'unknown');
  });
  const numbered = (...wanted: readonly string[]): readonly number[] =>
    states.flatMap((state, index) => (wanted.includes(state) ? [index] : []));
  const open = numbered('unknown').length;
  if (open === 0) return numbered('copied');
  if (smaps?.anonymous === undefined) return undefined;
  const copies = ((smaps.anonymous + (smaps.swap ?? 0)) * 1024) / Number(space.pageSize);
  const more = copies - numbered('copied').length;
  // Without a Swap line a copy may be swapped out unseen.
  if (more === 0) return smaps.swap === undefined ? undefined : numbered('copied');
  return more === open ? numbered('copied', 'unknown') : undefined;
};
