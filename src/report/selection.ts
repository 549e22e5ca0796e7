import type { Evidence } from '../model/evidence.js';
import type { Judged } from './process.js';

/** What the plain table of a census shows, and one sentence for each kind of process that it leaves out. */
export interface Shown {
  readonly judged: readonly Judged[];
  readonly leftOut: readonly string[];
}

/**
 * A page of kernel threads, or of other users' processes where they cannot be read, helps nobody who looks for a vDSO:
 * they are counted instead. To root an unreadable process is news, and stays.
 */
export const shownInTable = (judged: readonly Judged[], root: boolean): Shown => {
  const threads = judged.filter(({ evidence }) => evidence.process.kernelThread === true).length;
  const foreign = root ? 0 : judged.filter(({ evidence }) => isDenied(evidence)).length;
  return {
    judged: judged.filter(({ evidence }) => evidence.process.kernelThread !== true && (root || !isDenied(evidence))),
    leftOut: [
      ...(threads > 0 ? [`${counted(threads, 'kernel thread')}, without memory of their own`] : []),
      ...(foreign > 0 ? [`${counted(foreign, 'process', 'processes')} that this user may not read`] : []),
    ],
  };
};

const isDenied = ({ vmas, unread, process }: Evidence): boolean =>
  vmas === undefined &&
  process.kernelThread !== true &&
  unread.some(({ what, why }) => what === 'maps' && why === 'denied');

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
