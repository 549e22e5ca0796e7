import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { stateWord } from '../../src/judge/words.js';
import type { Forecast } from '../../src/model/verdict.js';
import { rememberedPlaces } from '../../ui/asked.js';
import { rememberedForecasts } from '../../ui/forecasts.js';
import { draw, frame } from '../../ui/frame.js';
import type { Size } from '../../ui/geometry.js';
import { WORDS } from '../../ui/help.js';
import { list } from '../../ui/listing.js';
import { NOTHING_YET } from '../../ui/shown-state.js';
import { PLAIN_THEME, type Theme } from '../../ui/theme.js';
import { initialView, type ViewState } from '../../ui/view.js';
import { fuzzRuns } from '../fuzz-runs.js';
import {
  evidence,
  finding,
  happened,
  livelyState,
  type Made,
  made,
  mapping,
  NOW,
  SECOND,
  usualVmas,
  vdso,
  verdict,
  vma,
  watchState,
} from './fixture.js';
import { golden } from './golden.js';

const NOTHING = { save: false, replay: false, pageSets: false };
const view: ViewState = { ...initialView(NOTHING), own: { cpu: 1.2, rss: 84 * 1_048_576 } };
const SIZES: readonly Size[] = [
  { cols: 20, rows: 5 },
  { cols: 60, rows: 20 },
  { cols: 80, rows: 24 },
  { cols: 140, rows: 40 },
  { cols: 200, rows: 50 },
];

for (const size of SIZES) {
  const name = `${size.cols}x${size.rows}`;
  test(`the table at ${name}`, () => golden(`table-${name}`, frame(livelyState(), view, size)));
  test(`the open detail at ${name}`, () =>
    golden(`detail-${name}`, frame(livelyState(), { ...view, selected: '2210@100', detail: 'open' }, size)));
}

test('the detail says which container a living process runs in, and asks for nobody else', () => {
  const state = livelyState();
  const asked: number[] = [];
  const place = (pid: number): string => {
    asked.push(pid);
    return `pid 1 in /kubepods/pod${pid}`;
  };
  const open = { ...view, selected: '2210@100', detail: 'full' } as const;
  const shown = { state, listing: list(state, open), pageSets: () => [], placeOf: rememberedPlaces(place) };
  const { lines } = draw(shown, open, { cols: 80, rows: 200 }, PLAIN_THEME);
  assert.ok(lines.some((line) => /^ runs +pid 1 in \/kubepods\/pod2210 /.test(line)));
  assert.deepEqual([...new Set(asked)], [2210]);
});

test('help, with what this host cannot do', () => {
  const tracer = { mode: 'polling', text: 'polling: bpftrace not found', notes: ['apt install bpftrace'] } as const;
  const state = { ...livelyState(), tracer };
  golden('help-80x24', frame(state, { ...view, page: 'help' }, { cols: 80, rows: 24 }));
  golden('notes-80x24', frame(state, view, { cols: 80, rows: 24 }));
});

test('events over the whole screen', () =>
  golden('events-80x24', frame(livelyState(), { ...view, events: 'full' }, { cols: 80, rows: 24 })));

test('loss is shown loudly and before anything else', () => {
  const counters = { events: 12_345, rate: 123_456, lost: 1_234n, gaps: 2, snapshots: 3, sweeps: 1 };
  golden('lost-80x24', frame({ ...livelyState(), counters }, view, { cols: 80, rows: 24 }));
});

test('frozen, filtered, sorted', () => {
  const narrowed = { ...view, frozen: true, filter: 'worker', sort: { column: 'pid', descending: true } } as const;
  golden('narrowed-80x24', frame(livelyState(), narrowed, { cols: 80, rows: 24 }));
});

test('nothing yet', () => {
  const tracer = { mode: 'starting', text: '', notes: [] } as const;
  const { counters } = NOTHING_YET;
  golden('starting-80x24', frame(watchState([], { tracer, counters }), view, { cols: 80, rows: 24 }));
});

test('no error was claimed before all processes had been looked at', () => {
  const countsOf = (sweeps: number, mode: 'ebpf' | 'replay', state = watchState([made({ pid: 7 })])): string => {
    const counters = { ...state.counters, sweeps };
    const tracer = { ...state.tracer, mode };
    return frame({ ...state, counters, tracer }, view, { cols: 100, rows: 24 })[1] ?? '';
  };
  assert.match(countsOf(0, 'ebpf'), /^ 1 process · still reading · /);
  assert.match(countsOf(1, 'ebpf'), /^ 1 process · no errors · /);
  // What was found so far is told all the same.
  assert.match(countsOf(0, 'ebpf', livelyState()), / errors? · .*still reading · /);
  // A recording of a few processes tells of no census.
  assert.match(countsOf(0, 'replay'), / · no errors · /);
});

test('in colour, and in ASCII without colour', () => {
  const colour: Theme = { depth: 256, attributes: true, unicode: true };
  golden('colour-80x24', frame(livelyState(), view, { cols: 80, rows: 24 }, colour));
  const ascii: Theme = { depth: 0, attributes: true, unicode: false };
  const lines = frame(livelyState(), { ...view, detail: 'open' }, { cols: 80, rows: 24 }, ascii);
  golden('ascii-80x24', lines);
  assert.match(lines.join(''), /^[ -~\x1b]*$/);
});

test('every line has exactly the width, at any size and in any view', () => {
  const anyView = fc.record({
    selected: fc.constantFrom(undefined, '2210@100', '2401@100', '2600@100', 'gone@0'),
    detail: fc.constantFrom('closed', 'open', 'full'),
    events: fc.constantFrom('off', 'tail', 'full'),
    page: fc.constantFrom('processes', 'help', 'page-sets'),
    detailTop: fc.nat(200),
    cursor: fc.nat(50),
    top: fc.nat(50),
    onlyFindings: fc.boolean(),
    frozen: fc.boolean(),
    filter: fc.constantFrom('', 'worker', '!native', 'no such thing'),
    prompt: fc.constantFrom(
      undefined,
      { kind: 'filter', text: 'wor' } as const,
      { kind: 'save', text: '漢字' } as const,
    ),
  } as const);
  const theme = fc.constantFrom<Theme>(
    PLAIN_THEME,
    { depth: 256, attributes: true, unicode: true },
    { depth: 8, attributes: true, unicode: false },
  );
  fc.assert(
    fc.property(anyView, fc.nat(210), fc.nat(60), theme, (changes, cols, rows, shown) => {
      const lines = frame(livelyState(), { ...view, ...changes }, { cols, rows }, shown);
      assert.equal(lines.length, rows);
      for (const line of lines) assert.equal(stringWidth(line), cols, JSON.stringify(line));
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('the chosen process stays visible and chosen, however it is sorted', () => {
  const state = livelyState();
  const columns = ['pid', 'comm', 'abi', 'state', 'vdso', 'hint', 'vvar', 'pages', 'moves', 'last', 'finding'] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...state.processes.values()),
      fc.constantFrom(...columns),
      fc.boolean(),
      fc.nat(40),
      fc.integer({ min: 4, max: 30 }),
      (process, column, descending, top, rows) => {
        const sorted: ViewState = { ...view, selected: process.key, sort: { column, descending }, top };
        const marked = frame(state, sorted, { cols: 80, rows }).filter((line) => line.startsWith('►'));
        assert.equal(marked.length, 1);
        assert.ok(marked[0]?.slice(1).trimStart().startsWith(`${process.pid} `));
      },
    ),
    { numRuns: fuzzRuns(200) },
  );
});

test('a command line of a megabyte and 65,530 mappings are shown in part, and counted', () => {
  const big = made({ pid: 9 });
  const vmas = Array.from({ length: 65_530 }, (_, index) => vma(BigInt(index) * 0x10000n, 0x1000n, `/file-${index}`));
  const command = evidence(9, 'big', { vmas: [...vmas, ...usualVmas()] });
  const cmdline = [...Array.from({ length: 100_000 }, () => '-v'), 'x'.repeat(1_000_000)];
  const space = { ...big.space, evidence: { ...command, process: { ...command.process, cmdline } } };
  const state = watchState([{ process: big.process, space }]);
  const lines = frame(state, { ...view, detail: 'full' }, { cols: 80, rows: 500 });
  assert.ok(lines.some((line) => /[\d,]+ other mappings? between/.test(line)));
  assert.ok(lines.filter((line) => line.includes('-v -v')).length < 100);
  assert.equal(lines.length, 500);
});

const NO_FORECASTS = rememberedForecasts(undefined);

/** What is shown of one made-up process with its detail over the whole screen. */
const detailOf = (process: Made, told?: Forecast): string => {
  const state = watchState([process]);
  const full: ViewState = { ...view, detail: 'full' };
  const shown = {
    state,
    listing: list(state, full),
    pageSets: () => [],
    forecasts: { ...NO_FORECASTS, ofDetail: () => told },
  };
  return draw(shown, full, { cols: 80, rows: 60 }, PLAIN_THEME)
    .lines.map((line) => line.trimEnd())
    .join('\n');
};

test('where it can be told and there is room, the table says which processes with findings live on after a dump', () => {
  const lives: Record<number, Partial<Forecast>> = {
    2330: { restore: 'fail' },
    2210: { restore: 'proxy' },
    2380: { restore: 'in-place', loss: ['vdso-content'] },
  };
  const foretell = ({ pid }: { readonly pid: number }): Forecast => ({
    ...{ criu: '4.2', dump: 'ok', restore: 'in-place', loss: [], findings: [] },
    ...(lives[pid] ?? assert.fail(`asked about ${pid}, of which there is nothing to say`)),
  });
  const table = (cols: number, can: ViewState['can']): readonly string[] => {
    const state = livelyState();
    const shown = { state, listing: list(state, view), pageSets: () => [], forecasts: rememberedForecasts(foretell) };
    return draw(shown, { ...view, can }, { cols, rows: 24 }, PLAIN_THEME).lines;
  };
  golden('dump-112x24', table(112, { ...NOTHING, foretell: true }));
  assert.ok(!table(80, { ...NOTHING, foretell: true })[2]?.includes('DUMP'), 'no room');
  assert.ok(!table(112, NOTHING)[2]?.includes('DUMP'), 'a recording');
});

test('what a dump would make of it stands before the findings, and why among them, as check says it', () => {
  const told: Forecast = {
    criu: '4.2',
    dump: 'ok',
    restore: 'fail',
    loss: ['memory'],
    findings: [finding('restore-fails', 'error', { text: 'The image has vvar and no vDSO.' })],
  };
  const text = detailOf(made({ pid: 9 }), told);
  assert.match(text, /\n a dump {5}CRIU 4\.2: dump ok, restore fail, lost: memory\n findings\n !! {2}restore-fails\n/);
  assert.match(text, /to do: Do not rely on this image\./);
  assert.doesNotMatch(detailOf(made({ pid: 9 })), /a dump/);
});

test('what is to be done is said once, and not of what is only worth knowing', () => {
  const mend = 'Make it r-x again (mprotect).';
  const findings = [
    finding('vdso-writable', 'warning'),
    finding('vdso-writable', 'warning', { text: `Written to. ${mend}` }),
    finding('vdso-writable', 'info'),
  ];
  const text = detailOf(made({ pid: 9, verdict: { findings } }));
  assert.equal(text.split(`to do: ${mend}`).length, 2);
});

test('who did it stands before the layout, newest first; forks and findings only in the history', () => {
  const history = [
    happened(9, 'x', 5n * SECOND, 'mremap, the first'),
    happened(9, 'x', 4n * SECOND, 'mremap, the second'),
    happened(9, 'x', 3n * SECOND, 'vdso-moved: elsewhere', { finding: finding('vdso-moved', 'info') }),
    happened(8, 'y', 2n * SECOND, 'munmap, the third'),
    happened(9, 'x', SECOND, 'mremap, the fourth'),
  ];
  const text = detailOf(made({ pid: 9, space: { history } }));
  const [before = '', after = ''] = text.split('\n layout\n');
  assert.match(before, / last events\n.* 9 mremap, the fourth\n.* 8 munmap, the third\n.* 9 mremap, the second$/);
  assert.equal(after.split('\n history\n')[1]?.trimEnd().split('\n').slice(0, 5).length, 5);
});

test('of an exited process the detail says what it was, and that it has exited', () => {
  const text = detailOf(
    made({ pid: 9, process: { exitedAt: NOW }, verdict: { vdso: vdso({ moved: true, modifiedPages: [0, 1] }) } }),
  );
  assert.match(text, /── 9 proc-9 {2}x86_64 {2}exited ─/);
  assert.match(text, /r-xp {2}moved modified, proven\n.* vvar attached {2}pages 0,1 copied {2}image/);
});

test('where nothing matches, the line says what was asked for', () => {
  const text = (more: Partial<ViewState>) =>
    frame(livelyState(), { ...view, ...more }, { cols: 80, rows: 24 }).join('\n');
  assert.match(text({ filter: 'nobody' }), /no process matches \/nobody \(Esc shows all\)/);
  const calm = watchState([made({ pid: 9 })]);
  assert.match(
    frame(calm, { ...view, onlyFindings: true }, { cols: 80, rows: 24 })[3] ?? '',
    /no process has findings \(Esc/,
  );
  assert.match(text({ filter: 'nobody', onlyFindings: true }), /no process with findings matches \/nobody \(Esc/);
});

test('on 80 columns the words that tell of a moved vDSO are whole, and the name nearly so', () => {
  const [row = ''] = frame(livelyState(), view, { cols: 80, rows: 24 }).filter((line) => line.includes(' 2210 '));
  assert.match(row, / 2210 restore-worker moved detached 7f20b0000000 ok .* vvar-detached \+1$/);
  const lines = frame(livelyState(), { ...view, selected: '2210@100', detail: 'open' }, { cols: 80, rows: 24 });
  assert.ok(lines.some((line) => line.startsWith('── 2210 restore-worker  x86_64  1 move ─')));
});

test('help explains every word of the state column', () => {
  const explained = new Set(WORDS.map(([name]) => name));
  const judged = [
    undefined,
    verdict({ applicable: false }),
    verdict({ vdso: undefined }),
    verdict({ vdso: null }),
    verdict({ vdso: null, findings: [finding('vdso-unmapped', 'warning')] }),
    verdict({ vdso: vdso({ moved: undefined }) }),
    verdict({
      mappings: [mapping({ class: 'criu-runtime' })],
      vdso: vdso({ moved: true, vvarAttached: false, modifiedPages: [0], sealed: true }),
    }),
    verdict(),
  ].map(stateWord);
  const wholes = judged.flatMap((word) => (word.startsWith('proxied ') ? word.split(' ') : [word]));
  for (const word of [...wholes, 'unreadable', 'reading', 'exited']) assert.ok(explained.has(word), word);
});

test('on 80 columns a recording offers its keys of time before all others', () => {
  const replayed = { ...view, can: { ...NOTHING, replay: true } };
  const last = frame(livelyState(), replayed, { cols: 80, rows: 24 }).at(-1);
  assert.match(
    last ?? '',
    /^ ↑↓ move {2}Enter detail {2}space pause {2}n next finding {2}\] step {2}\? help {2}q quit/,
  );
});

test('of a long text that is typed the end is to be seen, and a message has the whole line', () => {
  const last = (more: Partial<ViewState>, cols = 60) =>
    frame(livelyState(), { ...view, ...more }, { cols, rows: 20 }).at(-1);
  const path = `/var/tmp/${'long/'.repeat(20)}漢字.ndjson`;
  assert.match(last({ prompt: { kind: 'save', text: path } }) ?? '', /^ save recording as: ….*ong\/漢字\.ndjson $/);
  assert.match(last({ prompt: { kind: 'seek', text: '15:04:05' } }, 30) ?? '', /^ go to .*15:04:05 $/);
  assert.match(last({ prompt: { kind: 'filter', text: 'a' } }) ?? '', /^ \/a {3}Enter keeps it, Esc drops it *$/);
  const message = { severity: 'error', text: 'x'.repeat(57) } as const;
  assert.equal(last({ message }), `!! ${'x'.repeat(57)}`);
});

test('what the list is sorted by is said where its column is not shown', () => {
  const second = (cols: number) =>
    frame(livelyState(), { ...view, sort: { column: 'abi', descending: false } }, { cols, rows: 20 })[1] ?? '';
  assert.match(second(90), / by abi · cpu /);
  assert.doesNotMatch(second(140), / by abi/);
});

test('what few processes leave free is of the detail, and one more or less of them moves nothing', () => {
  const place = (filter: string) =>
    frame(livelyState(), { ...view, detail: 'open', filter }, { cols: 80, rows: 24 }).findIndex((line) =>
      line.startsWith('── '),
    );
  assert.equal(place('2210'), 7);
  assert.equal(place('worker'), 7);
  assert.equal(place(''), 11);
});
