import { mayLackTail } from './pieces.js';
import type { Space } from './space.js';
import type { Traits } from './traits.js';

/**
 * Pages of the vDSO that are private copies now, numbered from the start of its first piece; undefined when the
 * evidence does not tell for each page. Page by page from pagemap; without it from smaps, whose Anonymous and Swap say
 * how many are copies: none, or all, is an answer, some is not.
 */
export const modifiedPages = (space: Space, pieces: readonly Traits[]): readonly number[] | undefined => {
  if (mayLackTail(space, pieces)) return undefined;
  const first = pieces[0]?.vma.start ?? 0n;
  const numbers: number[] = [];
  for (const piece of pieces) {
    const offset = Number((piece.vma.start - first) / space.pageSize);
    const copied = copiedIn(space, piece);
    if (copied === undefined) return undefined;
    numbers.push(...copied.map((page) => page + offset));
  }
  return numbers;
};

const copiedIn = (space: Space, { pages, pageTotal, smaps }: Traits): readonly number[] | undefined => {
  if (pages.length === pageTotal && pages.every(({ state }) => state !== 'unknown')) {
    return pages.flatMap(({ state }, index) => (state === 'copied' ? [index] : []));
  }
  if (smaps?.anonymous === undefined) return undefined;
  const copies = ((smaps.anonymous + (smaps.swap ?? 0)) * 1024) / Number(space.pageSize);
  // Without a Swap line a copy may be swapped out unseen.
  if (copies === 0) return smaps.swap === undefined ? undefined : [];
  return copies === pageTotal ? Array.from({ length: pageTotal }, (_, index) => index) : undefined;
};
