import type { PageSet } from '../judge/baseline.js';
import { pageSetWord } from '../judge/words.js';
import type { PageSetReport } from '../model/report.js';
import { escapeText } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { columns } from './table.js';

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
