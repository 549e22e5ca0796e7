import type { Event } from '../model/event.js';
import { type HistoryLine, isEverydayLife } from '../model/state.js';
import { type Ledger, LIMITS, secondOf } from './ledger.js';

/** What is written down: the lines of a frame, of a history, of the recent past; and how many there were. */

/** Writes a line down: for this frame, and into the history of its address space. */
export const addLine = (ledger: Ledger, line: HistoryLine): void => {
  ledger.lines.push(line);
  const space = ledger.keepsLines ? ledger.spaces.get(line.space) : undefined;
  if (space === undefined) return;
  space.history.push(line);
  // Who moved the vDSO of a shell is still to be seen when it has started a hundred programs.
  if (space.history.length > LIMITS.history)
    space.history.splice(Math.max(0, space.history.findIndex(isEverydayLife)), 1);
  forgetOldest(ledger, line);
};

/**
 * Ten thousand busy histories would fill the memory: of all lines in histories only the newest are kept, and a move
 * of last week is not given up for the fork of a minute ago.
 */
const forgetOldest = (ledger: Ledger, line: HistoryLine): void => {
  const ordinary = line.severity === 'info';
  const ring = ordinary ? ledger.ordinaryLines : ledger.remarkableLines;
  const oldest = ring.places[ring.next];
  ring.places[ring.next] = { space: line.space, at: line.at };
  ring.next = (ring.next + 1) % LIMITS.histories;
  const history = oldest === undefined ? undefined : ledger.spaces.get(oldest.space)?.history;
  if (oldest === undefined || history === undefined) return;
  const place = history.findIndex(({ at, severity }) => at === oldest.at && (severity === 'info') === ordinary);
  if (place >= 0) history.splice(place, 1);
  // Only so does it let go of the room for 17 lines that V8 gave it with the first.
  if (history.length === 0) history.length = 0;
};

export const countEvent = (ledger: Ledger, event: Event): void => {
  const second = secondOf(event.at);
  ledger.rates.set(second, (ledger.rates.get(second) ?? 0) + 1);
  ledger.counters.events += 1;
};
