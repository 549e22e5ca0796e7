import type { WatchState } from '../src/model/state.js';
import { fit, guard } from './cells.js';
import { offered } from './keys.js';
import { line, paragraph, rule, span } from './line.js';
import { glyphs, type Theme } from './theme.js';
import type { ViewState } from './view.js';

/** Every key that works now, what the words mean, and what this host cannot do. As many lines as it takes. */
export const helpLines = (state: WatchState, view: ViewState, width: number, theme: Theme): readonly string[] => {
  const head = (text: string): string => line([span(` ${text}`, 'title')], width, theme);
  const word = (name: string, text: string): readonly string[] =>
    paragraph([span(`  ${name.padEnd(11)} `, 'key')], text, width, theme);
  return [
    head('keys'),
    ...offered(view).flatMap(({ label, help }) => {
      const shown = fit(guard(theme.unicode ? label : asciiLabel(label), theme.unicode), 7, glyphs(theme).ellipsis);
      return paragraph([span(`  ${shown}     `, 'key')], help, width, theme);
    }),
    head('words'),
    ...WORDS.flatMap(([name, text]) => word(name, text)),
    ...(state.tracer.notes.length === 0 ? [] : [head('on this host')]),
    ...state.tracer.notes.flatMap((note) => paragraph([span('  - ')], note, width, theme)),
  ];
};

export const helpRule = (width: number, theme: Theme): string => rule([span('help', 'title')], width, theme);

const asciiLabel = (label: string): string => label.replace('↑', 'up').replace('↓', 'dn');

const WORDS: readonly (readonly [string, string])[] = [
  ['native', 'the vDSO is where the kernel put it'],
  ['moved', 'it is somewhere else now; history says who moved it, when this has been seen'],
  ['unmapped', 'the process had one and has none now'],
  ['none', 'there is none'],
  ['present', 'there is one; whether it moved is not known'],
  ['unknown', 'the evidence does not say'],
  ['word?', 'likely, not proven'],
  ['word~', 'something newer has been seen, the process is being read again'],
  ['HINT', 'does the name [vdso] tell the truth: ok; lost: the vDSO has no name; gained: something else has it'],
  ['VVAR', 'are the data pages that the vDSO reads still beside it'],
  ['PAGES', 'clean: the pages of the kernel; copied: the process has its own, written to'],
  ['MOVES', 'moves seen since vdsowatch started'],
  ['LAST', 'time since anything touched its vDSO'],
  ['lost', 'events that the kernel could not hand over; everything is read again after each gap'],
];
