import type { Machine } from '../../src/doctor/machine.js';

/** A made-up machine: root on a host where all is well, unless told otherwise. */
export const fakeMachine = (
  change: Partial<Machine> & {
    readonly files?: Readonly<Record<string, string>>;
    readonly programs?: readonly string[];
  } = {},
): Machine => {
  const files: Readonly<Record<string, string>> = { ...WELL, ...change.files };
  const programs = change.programs ?? ['bpftrace', 'apt-get'];
  return {
    env: { LANG: 'C.UTF-8', TERM: 'xterm' },
    uid: 0,
    nodeVersion: '20.19.0',
    terminal: { isTTY: true, columns: 120, rows: 40 },
    read: (path) => files[path],
    exists: (path) => files[path] !== undefined,
    find: (program) => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
    ...change,
  };
};

const WELL = {
  '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\n',
  '/proc/self/uid_map': '         0          0 4294967295\n',
  '/sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
  '/sys/kernel/tracing/events': '',
};
