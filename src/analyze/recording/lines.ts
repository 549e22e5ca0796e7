import type { HistoryLine } from '../../model/state.js';
import { isoTime } from '../../text/time-of-day.js';
import { addBounded, type Life, type Line, type RecordedLine } from './life.js';

/** Lines kept of one process, when there are few and when there are many; the first quarter and the newest. */
const MOST_LINES = 60;
const FEWEST_LINES = 4;
const quarter = (lines: number): number => Math.floor(lines / 4);
/** For who reads them: so many newest ones push out of a full list all that the ones between would have. */
export const LINES = { oldest: quarter(MOST_LINES), newest: MOST_LINES } as const;
/** Lines kept of all processes, about. */
const ALL_LINES = 30_000;

/** `lives`: how many processes are being kept. */
export const addLine = (life: Life, line: Line, time: bigint, lives: number): void => {
  const most = mostLines(lives);
  if (addBounded(life.lines, { line, time }, quarter(most), most)) passLines(life, 1, lives);
};

/** The same for many at once. */
export const addLines = (life: Life, lines: readonly RecordedLine[], lives: number): void => {
  const first = quarter(mostLines(lives));
  // What was kept when there were fewer lives is not cut.
  const most = Math.max(mostLines(lives), life.lines.length);
  const all = [...life.lines, ...lines];
  const over = Math.max(0, all.length - most);
  life.lines = over === 0 ? all : [...all.slice(0, first), ...all.slice(first + over)];
  passLines(life, over, lives);
};

/** Without what weighs: see Line. */
export const lean = ({ at, pid, comm, severity, text }: HistoryLine): Line => ({ at, pid, comm, severity, text });

/** Lines that are counted only: between the first quarter and the newest. */
export const passLines = (life: Life, count: number, lives: number): void => {
  if (count === 0) return;
  life.leftOut += count;
  life.leftOutAt = quarter(mostLines(lives));
};

const mostLines = (lives: number): number =>
  Math.max(FEWEST_LINES, Math.min(MOST_LINES, Math.floor(ALL_LINES / Math.max(1, lives))));

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
