import type { PageSet } from '../judge/baseline.js';
import { pageSetWord } from '../judge/words.js';
import type { Told } from '../model/judged.js';
import type { PageSetReport } from '../model/report.js';
import { escapeText } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { columns } from './table.js';

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

/** Processes grouped by the vDSO pages they map: one line a group; on an ordinary host that is one per image. */
export const pageSetTable = (sets: readonly PageSet[], pids: boolean): string =>
  columns([
    ['PAGES', 'IMAGE', 'FRAMES', 'UTS', 'PROCESSES', ...(pids ? ['PIDS'] : [])],
    ...sets.map((set) => [
      pageSetWord(set),
      escapeText(set.image),
      set.frames.map((frame) => (frame === undefined ? '?' : hex(frame))).join(' '),
      set.uts === undefined ? '-' : String(set.uts),
      String(set.processes.length),
      ...(pids ? [set.processes.join(' ')] : []),
    ]),
  ]);

/** The same for programs. */
export const pageSetReport = (set: PageSet): PageSetReport => ({
  kind: set.kind,
  image: escapeText(set.image),
  uts: set.uts === undefined ? null : String(set.uts),
  frames: set.frames.map((frame) => (frame === undefined ? null : hex(frame))),
  processes: [...set.processes],
});
