import type { ViewState } from './view.js';

/** A key press: a printable character as itself, others by name ("up", "pagedown", "enter", "escape", "C-c"). */
export interface Key {
  readonly name: string;
  /** The character it types, when it types one. */
  readonly text: string | undefined;
}

export type Action =
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'detail'
  | 'back'
  | 'filter'
  | 'findings'
  | 'sort'
  | 'direction'
  | 'freeze'
  | 'events'
  | 'page-sets'
  | 'help'
  | 'rescan'
  | 'save'
  | 'quit'
  | 'interrupt'
  | 'suspend'
  | 'redraw'
  | 'replay-pause'
  | 'replay-back'
  | 'replay-forward'
  | 'replay-slower'
  | 'replay-faster'
  | 'replay-finding'
  | 'replay-seek';

export interface Binding {
  readonly action: Action;
  readonly keys: readonly string[];
  /** How help and footer name the keys. */
  readonly label: string;
  readonly help: string;
  /** Word in the footer; bindings without one are only on the help page. */
  readonly short?: string;
  /** Only offered, and only obeyed, where the caller can do it. */
  readonly when?: (view: ViewState) => boolean;
}

const inReplay = ({ can }: ViewState): boolean => can.replay;

/** The one table of keys: what is obeyed, what the footer offers, what the help page lists. The first match wins. */
export const BINDINGS: readonly Binding[] = [
  { action: 'up', keys: ['up', 'k', 'C-p'], label: '↑ k', help: 'up' },
  { action: 'down', keys: ['down', 'j', 'C-n'], label: '↓ j', help: 'down' },
  { action: 'page-up', keys: ['pageup', 'C-b'], label: 'PgUp', help: 'a page up (in the open detail: scroll it)' },
  {
    action: 'page-down',
    keys: ['pagedown', 'C-f'],
    label: 'PgDn',
    help: 'a page down (in the open detail: scroll it)',
  },
  { action: 'first', keys: ['g', 'home'], label: 'g', help: 'first row' },
  { action: 'last', keys: ['G', 'end'], label: 'G', help: 'last row' },
  {
    action: 'detail',
    keys: ['enter', 'right', 'l'],
    label: 'Enter',
    help: 'detail of the process; again: over the whole screen',
    short: 'detail',
  },
  {
    action: 'back',
    keys: ['escape', 'left', 'h', 'backspace'],
    label: 'Esc',
    help: 'back; then: list everything again',
    short: 'back',
  },
  { action: 'replay-pause', keys: ['space'], label: 'space', help: 'pause and go on', short: 'pause', when: inReplay },
  {
    action: 'replay-finding',
    keys: ['n'],
    label: 'n',
    help: 'to the next error or warning',
    short: 'next finding',
    when: inReplay,
  },
  { action: 'replay-back', keys: ['['], label: '[', help: 'one step back', when: inReplay },
  { action: 'replay-forward', keys: [']'], label: ']', help: 'one step on', short: 'step', when: inReplay },
  { action: 'replay-slower', keys: ['<', ','], label: '<', help: 'half the speed', when: inReplay },
  { action: 'replay-faster', keys: ['>', '.'], label: '>', help: 'twice the speed', when: inReplay },
  {
    action: 'replay-seek',
    keys: ['t'],
    label: 't',
    help: 'to a time: +12.5 from the beginning, 15:04:05 (UTC), a second of the boot clock',
    when: inReplay,
  },
  {
    action: 'filter',
    keys: ['/'],
    label: '/',
    help: 'filter by pid, comm, state, hint, finding, or events; several words: all; !word: not that word',
    short: 'filter',
  },
  { action: 'findings', keys: ['!', 'v'], label: '!', help: 'only processes with findings', short: 'findings' },
  { action: 'sort', keys: ['s'], label: 's', help: 'sort by the next column', short: 'sort' },
  { action: 'direction', keys: ['S'], label: 'S', help: 'sort the other way' },
  {
    action: 'freeze',
    keys: ['space', 'f'],
    label: 'space',
    help: 'freeze what is shown; collecting goes on',
    short: 'freeze',
    when: ({ can }) => !can.replay,
  },
  {
    action: 'events',
    keys: ['e'],
    label: 'e',
    help: 'events: over the whole screen, off, a few lines',
    short: 'events',
  },
  {
    action: 'page-sets',
    keys: ['b'],
    label: 'b',
    help: 'processes grouped by vDSO page set',
    when: ({ can }) => can.pageSets,
  },
  {
    action: 'rescan',
    keys: ['r'],
    label: 'r',
    help: 'read everything again now',
    when: ({ can }) => !can.replay,
  },
  { action: 'save', keys: ['w'], label: 'w', help: 'save a recording', short: 'save', when: ({ can }) => can.save },
  { action: 'redraw', keys: ['C-l'], label: 'Ctrl-L', help: 'draw the screen again' },
  { action: 'suspend', keys: ['C-z'], label: 'Ctrl-Z', help: 'suspend' },
  { action: 'help', keys: ['?', 'f1'], label: '?', help: 'this page', short: 'help' },
  { action: 'quit', keys: ['q'], label: 'q', help: 'quit', short: 'quit' },
  { action: 'interrupt', keys: ['C-c'], label: 'Ctrl-C', help: 'quit, exit status 130' },
];

export const offered = (view: ViewState): readonly Binding[] =>
  BINDINGS.filter(({ when }) => when === undefined || when(view));

export const actionOf = (key: Key, view: ViewState): Action | undefined =>
  offered(view).find(({ keys }) => keys.includes(key.name))?.action;
