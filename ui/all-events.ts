import type { HistoryLine, WatchState } from '../src/model/state.js';
import { printable } from '../src/text/escape.js';
import { wholeEvent } from './events.js';
import { hasWords, wordsOf } from './filter.js';
import { type Canvas, filledUp, line, rule, span } from './line.js';
import type { ViewState } from './view.js';
import { countWord } from './words.js';

/** What the screen asks of the events when they have all of it. */
export type EventView = Pick<ViewState, 'filter' | 'onlyFindings' | 'eventsBack' | 'eventsEnd'>;

/**
 * The events over the whole screen, newest at the bottom, under a rule; long ones broken into lines. Scrolled back they
 * stand still while newer ones come.
 */
export const allEvents = (
  recent: WatchState['recent'],
  view: EventView,
  height: number,
  canvas: Canvas,
): { readonly lines: readonly string[]; readonly view: Pick<ViewState, 'eventsBack' | 'eventsEnd'> } => {
  const room = Math.max(0, height - 1);
  const wanted = wantedEvents(recent, view);
  const blockOf = (entry: HistoryLine): readonly string[] => wholeEvent(entry, canvas);
  const asked = linesBack(wanted, blockOf, view);
  const all = linesFrom(wanted, blockOf, asked + room);
  const eventsBack = Math.max(0, Math.min(asked, all.length - room));
  let lowest = wanted.length - 1;
  let below = eventsBack;
  for (; lowest > 0; lowest -= 1) {
    const entry = wanted[lowest];
    const height = entry === undefined || below === 0 ? 0 : blockOf(entry).length;
    if (height === 0 || below < height) break;
    below -= height;
  }
  const entry = wanted[lowest];
  const end = all.length - eventsBack;
  const shown = all.slice(Math.max(0, end - room), end);
  const nothing = recent.length > 0 ? 'no event matches (Esc shows all)' : 'nothing has touched a vDSO yet';
  const body = shown.length === 0 && room > 0 ? [line([span('  '), span(nothing, 'dim')], canvas)] : shown;
  const narrowed = wanted === recent ? '' : `  ${countWord(wanted.length)} of ${countWord(recent.length)}`;
  const newer = wanted.length - 1 - lowest;
  const aside = `${narrowed}${newer > 0 ? `  ${countWord(newer)} newer below` : ''}`;
  const heading = [span('events', 'title'), ...(aside === '' ? [] : [span(aside, 'dim')])];
  return {
    lines: height <= 0 ? [] : [rule(heading, canvas), ...filledUp(body, room, canvas)],
    view: { eventsBack, eventsEnd: eventsBack === 0 || entry === undefined ? undefined : { entry, below } },
  };
};

/** The filter is for the events then: pid, name and what is said; only findings: what tells of one. */
const wantedEvents = (
  recent: WatchState['recent'],
  { filter, onlyFindings }: Pick<EventView, 'filter' | 'onlyFindings'>,
): readonly HistoryLine[] => {
  const words = wordsOf(filter);
  if (words.length === 0 && !onlyFindings) return recent;
  return recent.filter((entry) => {
    if (onlyFindings && entry.finding === undefined && entry.severity === 'info') return false;
    return hasWords(`${entry.pid} ${printable(entry.comm)} ${entry.text}`.toLowerCase(), words);
  });
};

type BlockOf = (entry: HistoryLine) => readonly string[];

/** How far back the line is now that stood lowest; where its event is gone, as far as it was. */
const linesBack = (wanted: readonly HistoryLine[], blockOf: BlockOf, { eventsBack, eventsEnd }: EventView): number => {
  const place = eventsEnd === undefined ? -1 : wanted.lastIndexOf(eventsEnd.entry);
  if (eventsEnd === undefined || place < 0) return eventsBack;
  return wanted.slice(place + 1).reduce((sum, entry) => sum + blockOf(entry).length, eventsEnd.below);
};

/** At least so many of the newest lines, or all there are: in a storm those above are new in every frame. */
const linesFrom = (wanted: readonly HistoryLine[], blockOf: BlockOf, count: number): readonly string[] => {
  const blocks: (readonly string[])[] = [];
  let lines = 0;
  for (let index = wanted.length - 1; index >= 0 && lines < count; index -= 1) {
    const entry = wanted[index];
    const block = entry === undefined ? [] : blockOf(entry);
    blocks.push(block);
    lines += block.length;
  }
  return blocks.reverse().flat();
};
