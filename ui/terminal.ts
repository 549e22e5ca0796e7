import type { Duplex } from 'node:stream';
import type { Theme } from './theme.js';

/** How to drive a terminal: what blessed is told it is, and what the frame may use. */
export interface Terminal {
  /** Name of a terminfo entry that blessed 0.1.81 can read. */
  readonly name: string;
  readonly theme: Theme;
}

/** As much of a terminal's two streams as the screen needs; process.stdin and process.stdout are such. */
export type Input = Duplex & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown };
export type Output = Duplex & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * blessed's terminfo reader of 2013 knows only the 16-bit format; ncurses 6.1 and later compile every *-256color
 * entry in the 32-bit one, and stock hosts lack the entries of newer emulators. The xterm-256color entry that
 * blessed brings along is right for all of them. Old terminals keep their name.
 */
export const terminalOf = (environment: Environment): Terminal => {
  const term = (environment['TERM'] ?? '').toLowerCase();
  const old = OLD.find((name) => term === name || term.startsWith(`${name}-`));
  const name = old === undefined ? 'xterm-256color' : term;
  const colours = old === undefined ? 256 : MONOCHROME.has(old) ? 0 : 8;
  const depth = (environment['NO_COLOR'] ?? '') === '' ? colours : 0;
  return { name, theme: { depth, attributes: true, unicode: isUnicode(environment, old === undefined) } };
};

const OLD = [
  'linux',
  'vt100',
  'vt102',
  'vt220',
  'vt320',
  'ansi',
  'cons25',
  'sun',
  'wyse50',
  'wyse60',
  'hp',
  'xterm-mono',
];
const MONOCHROME = new Set(['vt100', 'vt102', 'vt220', 'vt320', 'sun', 'wyse50', 'wyse60', 'hp', 'xterm-mono']);

/**
 * The locale decides, in the order of POSIX. Where nothing is set at all (sudo, cron, containers) a modern emulator
 * is taken to speak UTF-8, as it does.
 */
const isUnicode = (environment: Environment, modern: boolean): boolean => {
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined ? modern : /utf-?8/i.test(locale);
};
