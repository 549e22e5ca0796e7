import type { HistoryLine } from '../../model/state.js';
import { isoTime } from '../../text/time-of-day.js';
import type { Life } from './life.js';
import { addLine, lean } from './lines.js';

/**
 * A debugger that writes a string, or CRIU that puts its parasite in, makes a call for every word: those that follow
 * each other are one line, which says how many there were and until when. `lives`: how many processes are being kept.
 */
export const addPokeLine = (life: Life, line: HistoryLine, time: bigint, lives: number): void => {
  const { pokes } = life;
  const last = life.lines.at(-1);
  if (pokes === undefined || last !== pokes.last || pokes.pid !== line.pid || pokes.target !== line.target) {
    const { pid, target, text } = line;
    addLine(life, lean(line), time, lives);
    const added = life.lines.at(-1);
    life.pokes = added && { pid, target, text, more: 0, last: added };
    return;
  }
  pokes.more += 1;
  const until = isoTime(time, 0n).slice('2026-01-01T'.length);
  const text = `${pokes.text}, and ${pokes.more} more calls until ${until}`;
  pokes.last = { ...pokes.last, line: { ...pokes.last.line, text } };
  life.lines[life.lines.length - 1] = pokes.last;
};
