import { type HistoryLine, isEverydayLife } from '../model/state.js';

/**
 * A host that forks all the time must not push a move of a minute ago out of sight: forks, execs and exits make room
 * first, until only half of the lines are such.
 */
export const newestOf = (
  before: readonly HistoryLine[],
  lines: readonly HistoryLine[],
  limit: number,
): readonly HistoryLine[] => {
  const all = before.concat(lines);
  const surplus = all.length - limit;
  if (surplus <= 0) return all;
  const everyday = all.reduce((count, line) => count + (isEverydayLife(line) ? 1 : 0), 0);
  let ordinary = Math.min(surplus, Math.max(0, everyday - limit / 2));
  let others = surplus - ordinary;
  return all.filter((line) => (isEverydayLife(line) ? ordinary-- : others--) <= 0);
};
