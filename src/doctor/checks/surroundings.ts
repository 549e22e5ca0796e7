import { printable } from '../../text/escape.js';
import { type Check, fail, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';

/** Terminal, locale and Node: what the faces need. */
export const surroundingChecks = (machine: Machine): readonly Check[] => [
  terminalCheck(machine),
  localeCheck(machine),
  nodeCheck(machine.nodeVersion),
];

const terminalCheck = ({ terminal, env }: Machine): Check => {
  if (!terminal.isTTY) return ok('terminal', 'terminal', 'none on stdout: watch prints lines');
  const name = env['TERM'] ?? '';
  if (name === '' || name === 'dumb') return ok('terminal', 'terminal', 'dumb: watch prints lines');
  const { columns = 0, rows = 0 } = terminal;
  const found = `${printable(Buffer.from(name).toString('latin1'))}, ${columns}x${rows}`;
  if (columns < 80 || rows < 24) return warn('terminal', 'terminal', `${found}: small`, 'make it at least 80x24');
  return ok('terminal', 'terminal', found);
};

/** The first that is set and not empty counts (locale(7)). */
const localeCheck = ({ env }: Machine): Check => {
  const name = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  const found = name === undefined ? 'none set' : printable(Buffer.from(name).toString('latin1'));
  if (name !== undefined && /utf-?8/i.test(name)) return ok('locale', 'locale', found);
  return warn('locale', 'locale', `${found}: not UTF-8, frames may be drawn in ASCII`, 'export LANG=C.UTF-8');
};

const nodeCheck = (version: string): Check => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok('node', 'Node.js', version)
    : fail('node', 'Node.js', `${version}: older than 20.19`, 'install Node.js 20.19 or later');
};
