import { COLUMNS, columnOf } from './columns.js';
import type { Updated } from './effect.js';
import type { Geometry } from './geometry.js';
import { type Action, actionOf, type Key } from './keys.js';
import { indexIn, type Listing } from './listing.js';
import { place } from './place.js';
import { typed } from './prompt.js';
import type { ViewState } from './view.js';

/** What was on the screen when the key was pressed. */
export interface Scene {
  readonly listing: Listing;
  readonly shape: Geometry;
}

/** One key press. Pure: what has to happen outside comes back as an effect. */
export const update = (view: ViewState, key: Key, scene: Scene): Updated => {
  if (view.prompt !== undefined) return typed(view, key);
  const action = actionOf(key, view);
  // Any key takes the message and the notes away; they have been seen then.
  const calm: ViewState = { ...view, message: undefined, notesSeen: true };
  return action === undefined ? { view: calm } : act(calm, action, scene);
};

const act = (view: ViewState, action: Action, scene: Scene): Updated => {
  switch (action) {
    case 'up':
    case 'down':
    case 'page-up':
    case 'page-down':
    case 'first':
    case 'last':
      return { view: moved(view, action, scene) };
    case 'detail':
      return { view: opened(view) };
    case 'back':
      return { view: back(view) };
    case 'filter':
      return { view: { ...view, page: 'processes', prompt: { kind: 'filter', text: view.filter } } };
    case 'findings':
      return { view: { ...view, onlyFindings: !view.onlyFindings } };
    case 'sort':
      return { view: { ...view, sort: nextSort(view, scene.shape.tableCols) } };
    case 'direction':
      return { view: { ...view, sort: { ...view.sort, descending: !view.sort.descending } } };
    case 'freeze':
      return { view: { ...view, frozen: !view.frozen }, effect: { kind: 'freeze', frozen: !view.frozen } };
    case 'events':
      return { view: { ...view, page: 'processes', ...NEWEST, events: EVENTS_AFTER[view.events] } };
    case 'page-sets':
      return { view: { ...view, pageTop: 0, page: view.page === 'page-sets' ? 'processes' : 'page-sets' } };
    case 'help':
      return { view: { ...view, pageTop: 0, page: view.page === 'help' ? 'processes' : 'help' } };
    case 'rescan':
      return {
        view: { ...view, message: { severity: 'info', text: 'reading everything again' } },
        effect: { kind: 'rescan' },
      };
    case 'save':
      return { view: { ...view, prompt: { kind: 'save', text: '' } } };
    case 'quit':
      return { view, effect: { kind: 'quit', status: 0 } };
    case 'interrupt':
      return { view, effect: { kind: 'quit', status: 130 } };
    case 'suspend':
      return { view, effect: { kind: 'suspend' } };
    case 'redraw':
      return { view, effect: { kind: 'redraw' } };
    case 'replay-pause': {
      const paused = !view.replay.paused;
      return { view: { ...view, replay: { ...view.replay, paused } }, effect: { kind: 'pause', paused } };
    }
    case 'replay-back':
      return stepped(view, -1);
    case 'replay-forward':
      return stepped(view, 1);
    case 'replay-slower':
      return paced(view, view.replay.speed / 2);
    case 'replay-faster':
      return paced(view, view.replay.speed * 2);
    case 'replay-finding':
      return { view: { ...view, replay: { ...view.replay, paused: true } }, effect: { kind: 'next-finding' } };
    case 'replay-seek':
      return { view: { ...view, prompt: { kind: 'seek', text: '' } } };
  }
};

const EVENTS_AFTER: Record<ViewState['events'], ViewState['events']> = { tail: 'full', full: 'off', off: 'tail' };

const NEWEST = { eventsBack: 0, eventsEnd: undefined } as const;

type Move = 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last';

/** Lines to move by; far more than there can be for the ends, which the frame brings back into range. */
const distance = (move: Move, page: number): number => {
  const far = Number.MAX_SAFE_INTEGER;
  const lines = { up: -1, down: 1, 'page-up': -page, 'page-down': page, first: -far, last: far };
  return lines[move];
};

const moved = (view: ViewState, move: Move, { listing, shape }: Scene): ViewState => {
  const paged = move === 'page-up' || move === 'page-down';
  if (view.page !== 'processes') {
    return { ...view, pageTop: bounded(view.pageTop + distance(move, shape.page - 2)) };
  }
  if (view.events === 'full') {
    return { ...view, eventsEnd: undefined, eventsBack: bounded(view.eventsBack - distance(move, shape.events - 2)) };
  }
  // An open detail: the arrows choose the process, the page keys scroll. Over the whole screen: everything scrolls.
  if (shape.detail > 0 && (paged || shape.table === 0)) {
    return { ...view, detailTop: bounded(view.detailTop + distance(move, shape.detail - 2)) };
  }
  const count = listing.rows.length;
  // Since the last frame the list may have become another: by the key before this one, or by what has been seen.
  const found = view.selected === undefined ? -1 : indexIn(listing, view.selected, view.cursor);
  const from = found >= 0 ? found : view.cursor;
  const cursor = Math.max(0, Math.min(count - 1, from + distance(move, Math.max(1, shape.table - 1))));
  const row = listing.rows[cursor];
  return row === undefined ? view : { ...view, cursor, selected: row.process.key, detailTop: 0 };
};

/** The upper bound is the frame's business: only it knows how long the page is. */
const bounded = (line: number): number => Math.max(0, Math.min(line, 1_000_000));

const opened = (view: ViewState): ViewState => {
  if (view.page !== 'processes' || view.events === 'full') return back(view);
  return {
    ...view,
    detailTop: 0,
    detail: view.detail === 'closed' ? 'open' : view.detail === 'open' ? 'full' : 'open',
  };
};

/** One step back from whatever is on top; at the bottom of it, everything is listed again. */
const back = (view: ViewState): ViewState => {
  if (view.page !== 'processes') return { ...view, page: 'processes' };
  if (view.events === 'full') return { ...view, events: 'tail', ...NEWEST };
  if (view.detail === 'full') return { ...view, detail: 'open', detailTop: 0 };
  if (view.detail === 'open') return { ...view, detail: 'closed' };
  return { ...view, filter: '', onlyFindings: false };
};

/** Only by what is to be seen: a column that the terminal is too narrow for is passed over. */
const nextSort = ({ sort: { column }, can }: ViewState, width: number): ViewState['sort'] => {
  const at = COLUMNS.findIndex(({ name }) => name === column);
  const shown = new Set(place(width, can.foretell === true).map((placed) => placed.column));
  const next =
    [...COLUMNS.slice(at + 1), ...COLUMNS].find((candidate) => candidate.compare !== undefined && shown.has(candidate))
      ?.name ?? 'pid';
  return { column: next, descending: columnOf(next)?.descending ?? false };
};

const stepped = (view: ViewState, steps: number): Updated => ({
  view: { ...view, replay: { ...view.replay, paused: true } },
  effect: { kind: 'step', steps },
});

const paced = (view: ViewState, wanted: number): Updated => {
  const factor = Math.max(1 / 64, Math.min(4096, wanted));
  return { view: { ...view, replay: { ...view.replay, speed: factor } }, effect: { kind: 'speed', factor } };
};
