import type { WatchState } from '../src/model/state.js';
import { fit, guard } from './cells.js';
import { offered } from './keys.js';
import { type Canvas, line, paragraph, rule, span } from './line.js';
import { glyphs } from './theme.js';
import type { ViewState } from './view.js';

/** Every key that works now, what the words mean, and what this host cannot do. As many lines as it takes. */
export const helpLines = (state: WatchState, view: ViewState, canvas: Canvas): readonly string[] => {
  const head = (text: string): string => line([span(` ${text}`, 'title')], canvas);
  const { notes } = state.tracer;
  return [
    ...(notes.length === 0 ? [] : [head('on this host')]),
    ...notes.flatMap((note) => paragraph([span('  - ')], note, canvas)),
    head('keys'),
    ...keyLines(view, canvas),
    head('words'),
    ...WORDS.flatMap(([name, text]) => paragraph([span(`  ${name.padEnd(10)} `, 'key')], text, canvas)),
  ];
};

/** Two short ones stand side by side. */
const keyLines = (view: ViewState, canvas: Canvas): readonly string[] => {
  const { width, theme } = canvas;
  const half = Math.floor(width / 2);
  const entries = offered(view).map(({ label, help }) => {
    const shown = fit(guard(theme.unicode ? label : asciiLabel(label), theme.unicode), 7, glyphs(theme).ellipsis);
    return { lead: span(`  ${shown}   `, 'key'), help, short: help.length + LEAD_CELLS <= half };
  });
  const short = entries.filter((entry) => entry.short);
  const long = entries.filter((entry) => !entry.short);
  const rows = Math.ceil(short.length / 2);
  return [
    ...short.slice(0, rows).map((left, index) => {
      const right = short[index + rows];
      const padded = [left.lead, span(left.help.padEnd(half - LEAD_CELLS))];
      return line(right === undefined ? padded : [...padded, right.lead, span(right.help)], canvas);
    }),
    ...long.flatMap(({ lead, help }) => paragraph([lead], help, canvas)),
  ];
};

const LEAD_CELLS = 12;

export const helpRule = (canvas: Canvas): string => rule([span('help', 'title')], canvas);

const asciiLabel = (label: string): string => label.replace('↑', 'up').replace('↓', 'dn');

/** What the screen says without explaining it on the spot. */
export const WORDS: readonly (readonly [string, string])[] = [
  ['native', 'the vDSO is where the kernel put it'],
  ['moved', 'it is somewhere else now; history says who moved it, when this has been seen'],
  ['detached', 'the data pages (vvar) that it reads are not beside it'],
  ['modified', 'some of its pages are copies that the process has written to'],
  ['sealed', 'the kernel lets nobody move or unmap it'],
  ['proxied', "CRIU's own vDSO stands in for the kernel's"],
  ['unmapped', 'the process had one and has none now'],
  ['no vdso', 'it was never given one'],
  ['no memory', 'a kernel thread or a zombie: there is nothing to look at'],
  ['in place?', 'nothing tells whether it was moved'],
  ['unknown', 'the evidence does not say'],
  ['unreadable', 'the process could not be read; FINDING says why'],
  ['reading', 'seen, and not read yet'],
  ['exited', 'it has ended; the line stays for a minute, with what was known last'],
  ['word?', 'likely, not proven'],
  ['word~', 'something newer has been seen, the process is being read again'],
  ['HINT', 'does the name [vdso] tell the truth: ok; lost: the vDSO has no name; gained: something else has it'],
  ['MOVES', 'moves seen since vdsowatch started'],
  ['LAST', 'time since anything touched its vDSO, or since it was first seen so'],
  [
    'DUMP',
    'of those with findings, where there is room: would it live on after a dump? ok; proxy; loses: without something; NO',
  ],
  ['a dump', 'in the detail: what CRIU would make of it, as `vdsowatch check PID` says it'],
  ['lost', 'events that the kernel could not hand over; everything is read again after each gap'],
];
