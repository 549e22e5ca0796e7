import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COLUMNS } from '../../ui/columns.js';
import type { Effect } from '../../ui/effect.js';
import { draw } from '../../ui/frame.js';
import { geometry } from '../../ui/geometry.js';
import { BINDINGS, type Key } from '../../ui/keys.js';
import { list } from '../../ui/listing.js';
import { place } from '../../ui/place.js';
import { PLAIN_THEME } from '../../ui/theme.js';
import { update } from '../../ui/update.js';
import { type Abilities, initialView, type ViewState } from '../../ui/view.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { happened, livelyState } from './fixture.js';

const state = livelyState();
const EVERYTHING: Abilities = { save: true, replay: false, pageSets: true };

const key = (name: string): Key => ({ name, text: name === 'space' ? ' ' : /^.$/u.test(name) ? name : undefined });

/** Presses one key after another at a size, drawing in between as the program does. */
const press = (names: readonly string[], from: Partial<ViewState> = {}, can = EVERYTHING, rows = 24) => {
  const size = { cols: 80, rows };
  const effects: Effect[] = [];
  let view: ViewState = { ...initialView(can), ...from };
  const settle = (): void => {
    view = draw({ state, listing: list(state, view), pageSets: () => [] }, view, size, PLAIN_THEME).view;
  };
  settle();
  for (const name of names) {
    const updated = update(view, key(name), { listing: list(state, view), shape: geometry(size, view, false) });
    view = updated.view;
    if (updated.effect !== undefined) effects.push(updated.effect);
    settle();
  }
  return { view, effects };
};

test('moving chooses a process and keeps it when the order changes', () => {
  assert.equal(press(['j', 'down']).view.selected, '2380@100');
  const sorted = press(['j', 'j', 's', 'S']).view;
  assert.equal(sorted.selected, '2380@100');
  assert.equal(sorted.sort.column, 'pid');
  assert.equal(press(['G']).view.selected, '2500@100');
  assert.equal(press(['G', 'g']).view.selected, '2330@100');
  assert.equal(press(['k']).view.cursor, 0);
  assert.equal(press(['pagedown'], {}, EVERYTHING, 12).view.cursor, 7);
});

test('a key that comes before the frame with the whole list again starts from where the process stood in the short one', () => {
  const filtered = press(['j', 'j', '/', 'h', 'o', 'o', 'k', 'enter']).view;
  assert.deepEqual([filtered.cursor, filtered.selected], [0, '2380@100']);
  const size = { cols: 80, rows: 24 };
  const at = (view: ViewState) => ({ listing: list(state, view), shape: geometry(size, view, false) });
  const { view: whole } = update(filtered, key('escape'), at(filtered));
  assert.equal(update(whole, key('j'), at(whole)).view.selected, '1@100');
});

test('when the chosen process leaves the list, the row in its place is chosen', () => {
  const { view } = press([], { selected: '2380@100', cursor: 2, filter: '!2380' });
  assert.equal(view.cursor, 2);
  assert.equal(view.selected, '1@100');
});

test('Enter opens and widens the detail, Esc goes back the same way and then lists everything', () => {
  assert.equal(press(['enter']).view.detail, 'open');
  assert.equal(press(['enter', 'enter']).view.detail, 'full');
  assert.equal(press(['enter', 'enter', 'escape']).view.detail, 'open');
  assert.equal(press(['enter', 'escape']).view.detail, 'closed');
  const narrowed = press(['!', 'escape'], { filter: 'x' }).view;
  assert.equal(narrowed.filter, '');
  assert.equal(narrowed.onlyFindings, false);
});

test('in the open detail the arrows choose, the page keys scroll; full, everything scrolls', () => {
  const open = press(['enter', 'pagedown', 'pagedown']).view;
  assert.ok(open.detailTop > 0);
  assert.equal(open.cursor, 0);
  assert.equal(press(['enter', 'pagedown', 'j']).view.detailTop, 0);
  assert.equal(press(['enter', 'j']).view.cursor, 1);
  const full = press(['j', 'enter', 'enter', 'j', 'j']).view;
  assert.equal(full.detailTop, 2);
  assert.equal(full.selected, '2210@100');
});

test('the filter works while it is typed; Enter keeps it, Esc drops it', () => {
  const typing = press(['/', 's', 's', 'h']).view;
  assert.equal(typing.filter, 'ssh');
  assert.equal(typing.selected, undefined);
  assert.equal(press(['/', 's', 'q', 'enter']).view.filter, 'sq');
  assert.deepEqual(press(['/', 's', 'q', 'enter']).effects, []);
  assert.equal(press(['/', 's', 'escape']).view.filter, '');
  assert.equal(press(['/', 'a', 'space', '漢', 'backspace', 'backspace']).view.filter, 'a');
  assert.equal(press(['/', 'a', 'space', 'b', 'C-w']).view.filter, 'a ');
  assert.equal(press(['/', 'a', 'C-u']).view.filter, '');
});

test('keys that ask something of the outside', () => {
  assert.deepEqual(press(['q']).effects, [{ kind: 'quit', status: 0 }]);
  assert.deepEqual(press(['C-c']).effects, [{ kind: 'quit', status: 130 }]);
  assert.deepEqual(press(['/', 'C-c']).effects, [{ kind: 'quit', status: 130 }]);
  assert.deepEqual(press(['r']).effects, [{ kind: 'rescan' }]);
  assert.deepEqual(press(['C-z']).effects, [{ kind: 'suspend' }]);
  assert.deepEqual(press(['space', 'space']).effects, [
    { kind: 'freeze', frozen: true },
    { kind: 'freeze', frozen: false },
  ]);
  assert.deepEqual(press(['w', 'a', '.', 'g', 'z', 'enter']).effects, [{ kind: 'save', path: 'a.gz' }]);
  assert.deepEqual(press(['w', 'enter']).effects, []);
});

test('what the caller cannot do is neither offered nor obeyed', () => {
  const nothing = { save: false, replay: false, pageSets: false };
  assert.deepEqual(press(['w', 'n', '[', 't'], {}, nothing).effects, []);
  assert.equal(press(['w'], {}, nothing).view.prompt, undefined);
  assert.equal(press(['b'], {}, nothing).view.page, 'processes');
});

test('a recording has time: pause, step, speed, seek, next finding', () => {
  const replay = { save: false, replay: true, pageSets: false };
  assert.deepEqual(press(['space', ']', '[', '>', 'n', 't', '1', '.', '5', 'enter'], {}, replay).effects, [
    { kind: 'pause', paused: true },
    { kind: 'step', steps: 1 },
    { kind: 'step', steps: -1 },
    { kind: 'speed', factor: 2 },
    { kind: 'next-finding' },
    { kind: 'seek', at: 1_500_000_000n },
  ]);
  assert.ok(press(['n'], {}, replay).view.replay.paused);
  assert.deepEqual(press(['n', 'space'], {}, replay).effects.at(-1), { kind: 'pause', paused: false });
  // What was recorded cannot be read again.
  assert.deepEqual(press(['r'], {}, replay).effects, []);
  assert.deepEqual(press(['t', '+', '9', 'enter'], {}, replay).effects, [{ kind: 'seek-to', text: '+9' }]);
});

test('help, events and page sets open, scroll and close', () => {
  assert.equal(press(['?']).view.page, 'help');
  assert.ok(press(['?', 'pagedown']).view.pageTop > 0);
  assert.equal(press(['?', '?']).view.page, 'processes');
  assert.equal(press(['b', 'escape']).view.page, 'processes');
  assert.equal(press(['e']).view.events, 'full');
  assert.equal(press(['e', 'e']).view.events, 'off');
  assert.equal(press(['e', 'e', 'e']).view.events, 'tail');
  assert.equal(press(['e', 'escape']).view.events, 'tail');
});

test('no key is bound twice for the same view', () => {
  for (const can of [EVERYTHING, { save: true, replay: true, pageSets: true }]) {
    const view = initialView(can);
    const keys = BINDINGS.filter(({ when }) => when?.(view) ?? true).flatMap((binding) => binding.keys);
    assert.deepEqual(
      keys.filter((name, index) => keys.indexOf(name) !== index),
      [],
    );
  }
});

test('any keys in any order leave a view that can be drawn, with a choice that is listed', () => {
  const names = [...new Set(BINDINGS.flatMap(({ keys }) => keys))].filter((name) => name !== 'C-z');
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...names, 'x', '漢'), { maxLength: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (pressed, rows) => {
        const { view } = press(pressed, {}, EVERYTHING, rows);
        const { rows: listed } = list(state, view);
        assert.ok(view.cursor >= 0 && view.cursor < Math.max(1, listed.length));
        if (view.selected !== undefined && listed.length > 0)
          assert.equal(listed[view.cursor]?.process.key, view.selected);
      },
    ),
    { numRuns: fuzzRuns(200) },
  );
});

test('events that were scrolled back stand still while more come, and the newest are followed again from the end', () => {
  const size = { cols: 80, rows: 24 };
  const happening = (count: number) =>
    Array.from({ length: count }, (_, index) => happened(index, 'busy', 0n, `event ${index}`));
  const all = happening(200);
  const show = (count: number, view: ViewState) => {
    const now = { ...state, recent: all.slice(Math.max(0, count - 150), count) };
    return draw({ state: now, listing: list(now, view), pageSets: () => [] }, view, size, PLAIN_THEME);
  };
  const events = (lines: readonly string[]) => lines.filter((line) => line.includes('event ')).join('\n');
  const scene = {
    listing: list(state, initialView(EVERYTHING)),
    shape: geometry(size, { ...initialView(EVERYTHING), events: 'full' }, false),
  };
  let drawn = show(60, { ...initialView(EVERYTHING), events: 'full' });
  drawn = show(60, update(drawn.view, key('pageup'), scene).view);
  const before = events(drawn.lines);
  drawn = show(90, drawn.view);
  assert.equal(events(drawn.lines), before);
  assert.match(drawn.lines.join('\n'), /events {2}49 newer below/);
  drawn = show(90, update(drawn.view, key('up'), scene).view);
  assert.match(drawn.lines.join('\n'), /events {2}50 newer below/);
  drawn = show(120, update(drawn.view, key('G'), scene).view);
  assert.match(events(drawn.lines), /event 119 *$/);
});

test('sorting goes through the columns that are shown, and no others', () => {
  const { view } = press([]);
  const shown = new Set(place(80, false).map(({ column }) => column.name));
  assert.ok(shown.size < COLUMNS.length);
  const sorted = COLUMNS.map((_, index) => press(Array.from({ length: index + 1 }, () => 's')).view.sort.column);
  assert.deepEqual(new Set(sorted), shown);
  assert.equal(view.sort.column, 'finding');
});

test('nothing is sorted by the forecast, which is known only of what is on the screen', () => {
  const size = { cols: 140, rows: 40 };
  let view = initialView({ ...EVERYTHING, foretell: true });
  assert.ok(place(140, true).some(({ column }) => column.name === 'dump'));
  const sorted = COLUMNS.map(() => {
    const scene = { listing: list(state, view), shape: geometry(size, view, false) };
    view = update(view, key('s'), scene).view;
    return view.sort.column;
  });
  assert.ok(!sorted.includes('dump'));
  assert.ok(sorted.includes('finding') && sorted.includes('last'));
});
