import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { frame } from '../../ui/frame.js';
import { openScreen } from '../../ui/screen.js';
import { PLAIN_THEME, type Theme } from '../../ui/theme.js';
import { initialView, type ViewState } from '../../ui/view.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { evidence, finding, happened, made, mapping, policies, usualVmas, VDSO, vma, watchState } from './fixture.js';
import { headless } from './headless.js';

const SIZE = { cols: 140, rows: 40 };
const COLOUR: Theme = { depth: 256, attributes: true, unicode: true };
const view: ViewState = { ...initialView({ save: false, replay: false, pageSets: false }), detail: 'open' };

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** Raw comm bytes as latin1, as everything that reads /proc keeps them, and what has to be seen instead. */
const COMMS: readonly (readonly [string, string])[] = [
  ['a\nb', 'a\\nb'],
  ['\x1b[2J', '\\x1b[2J'],
  ['\x1b[31mred', '\\x1b[31mred'],
  ['{red-fg}x', '{red-fg}x'],
  ['{/}{escape}', '{/}{escape}'],
  ['\xff\xfe\x9b2J', '\\xff\\xfe\\x9b2J'],
  ['tab\there', 'tab\\there'],
  [latin1('\u009b31m'), '\\u{9b}31m'],
  [latin1('\u{1f680}\u{1f680}'), '\\u{1f680}'],
  [latin1('漢字テスト'), '漢字テスト'],
  [latin1('אבג'), '\\u{5d0}'],
  [latin1('\u202eevil'), '\\u{202e}evil'],
  [latin1('e\u0301\u0301'), 'e\\u{301}'],
  [latin1('z\u200dw'), 'z\\u{200d}w'],
  ['back\\n', 'back\\\\n'],
  ['\x03\x03', '\\x03\\x03'],
];

/** The same text everywhere a process can put it. */
const hostileState = (comm: string) =>
  watchState(
    [
      made({
        pid: 7,
        comm,
        process: { unreadable: comm },
        verdict: {
          abi: comm,
          mappings: [mapping({ name: comm, evidence: [comm] })],
          findings: [finding('hint-gained', 'error', { text: comm, evidence: [comm], criuMessage: comm })],
          policies: policies({ pfn: { decision: undefined, right: undefined, why: comm, criuMessages: [comm] } }),
        },
        space: {
          history: [happened(7, comm, 0n, comm)],
          evidence: evidence(7, comm, {
            vmas: [...usualVmas().slice(0, 5), vma(VDSO, 0x2000n, comm, 'r-xp')],
            unread: [{ what: comm, why: 'bad', detail: comm }],
          }),
        },
      }),
    ],
    {
      host: { name: comm, release: comm, machine: comm, privileged: true },
      tracer: { mode: 'polling', text: comm, notes: [comm, comm] },
      recent: [happened(7, comm, 0n, comm)],
    },
  );

for (const [comm, seen] of COMMS) {
  test(`a comm of ${JSON.stringify(comm)} is shown as ${seen}, in its place, in no colour of its own`, async () => {
    const terminal = headless(SIZE);
    const screen = openScreen(
      terminal.input,
      terminal.output,
      { name: 'xterm-256color', theme: COLOUR },
      { key: () => {}, resize: () => {} },
    );
    const state = hostileState(comm);
    screen.paint(frame(state, view, SIZE, COLOUR));
    const shown = await terminal.lines();
    const plain = frame(state, view, SIZE, PLAIN_THEME);
    assert.deepEqual(
      shown,
      plain.map((line) => line.trimEnd()),
    );
    assert.ok(
      plain.some((line) => line.includes(seen)),
      plain.join('\n'),
    );
    screen.close();
  });
}

test('no text from outside reaches the terminal but as printable cells of the right number', () => {
  const anyBytes = fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const anyText = fc.oneof(
    anyBytes,
    fc.string({ unit: 'binary', maxLength: 24 }),
    fc.string({ unit: 'binary', maxLength: 12 }).map(latin1),
  );
  fc.assert(
    fc.property(
      anyText,
      fc.constantFrom(PLAIN_THEME, { ...PLAIN_THEME, unicode: false }),
      fc.boolean(),
      (text, theme, help) => {
        const lines = frame(
          hostileState(text),
          { ...view, page: help ? 'help' : 'processes', filter: '' },
          SIZE,
          theme,
        );
        for (const line of lines) {
          assert.doesNotMatch(line, /[\p{C}\p{M}\p{Zl}\p{Zp}]/u);
          assert.equal(stringWidth(line), SIZE.cols, JSON.stringify(line));
        }
      },
    ),
    { numRuns: fuzzRuns(60) },
  );
});
