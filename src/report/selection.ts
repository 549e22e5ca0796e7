import type { Told } from '../model/judged.js';

/**
 * What the plain table of a census shows. A page of kernel threads, or of other users' processes where they cannot be
 * read, helps nobody who looks for a vDSO: they are counted instead. To root an unreadable process is news, and stays.
 */
export interface Selection {
  readonly shows: (one: Told) => boolean;
  /** One sentence for each kind of process that it was asked about and does not show. */
  readonly leftOut: () => readonly string[];
}

/** `root`: whoever looks may read everybody. */
export const tableSelection = (root: boolean): Selection => {
  let threads = 0;
  let foreign = 0;
  return {
    shows: ({ evidence }) => {
      if (evidence.process.kernelThread === true) threads += 1;
      else if (!root && isDenied(evidence)) foreign += 1;
      else return true;
      return false;
    },
    leftOut: () => [
      ...(threads > 0 ? [`${counted(threads, 'kernel thread')}, without memory of their own`] : []),
      ...(foreign > 0 ? [`${counted(foreign, 'process', 'processes')} that this user may not read`] : []),
    ],
  };
};

const isDenied = ({ vmas, unread }: Told['evidence']): boolean =>
  vmas === undefined && unread.some(({ what, why }) => what === 'maps' && why === 'denied');

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
