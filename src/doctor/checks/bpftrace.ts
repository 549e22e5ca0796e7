import { escapeText, printable } from '../../text/escape.js';
import { type Check, fail, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';
import { installCommand } from '../packages.js';

/** A bpftrace that could be run: $VDSOWATCH_BPFTRACE, else the first on $PATH. */
export interface BpftraceFound {
  readonly path: string;
  /** "0.17.0"; undefined: it does not say. */
  readonly version: string | undefined;
}

export const findBpftrace = async (machine: Machine): Promise<BpftraceFound | undefined> => {
  const path = machine.env['VDSOWATCH_BPFTRACE'] ?? machine.find('bpftrace');
  if (path === undefined) return undefined;
  const { stdout } = await machine.run(path, ['--version'], 10);
  return { path, version: /^bpftrace v?(\d+\.\d+(?:\.\d+)?)/m.exec(stdout)?.[1] };
};

const OLDEST = [0, 17] as const;
const NEWEST_TESTED = [0, 27] as const;

export const bpftraceCheck = (machine: Machine, bpftrace: BpftraceFound | undefined): Check => {
  const install = installCommand(machine) ?? 'install bpftrace 0.17 or later';
  if (bpftrace === undefined) return fail('bpftrace', 'bpftrace', 'not found: /proc is polled instead', install);
  const place = printable(Buffer.from(bpftrace.path).toString('latin1'));
  if (bpftrace.version === undefined)
    return fail('bpftrace', 'bpftrace', `${place} does not tell its version`, `run it: ${place} --version`);
  const found = `${bpftrace.version} at ${place}`;
  const [major = 0, minor = 0] = bpftrace.version.split('.').map(Number);
  if (major === OLDEST[0] && minor < OLDEST[1])
    return fail('bpftrace', 'bpftrace', `${found}: older than 0.17`, 'install bpftrace 0.17 or later');
  if (major > NEWEST_TESTED[0] || minor > NEWEST_TESTED[1])
    return warn('bpftrace', 'bpftrace', `${found}: newer than the tested ones, up to 0.27`, null);
  return ok('bpftrace', 'bpftrace', found);
};

/** Attaches one probe for a moment: BPF can be loaded, the tracepoint exists, the ring works. */
const START_TEST = 'tracepoint:syscalls:sys_enter_mremap { @n = count(); } interval:ms:1 { exit(); }';

export const startCheck = async (machine: Machine, bpftrace: BpftraceFound): Promise<Check> => {
  const begun = performance.now();
  const ran = await machine.run(bpftrace.path, ['-f', 'json', '-e', START_TEST], 60);
  const took = `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  if (ran.exitCode === 0) return ok('bpftrace-start', 'bpftrace start', `attached and detached one probe in ${took}`);
  const ended = ran.exitCode === undefined ? `did not end within ${took}` : `failed with status ${ran.exitCode}`;
  return fail(
    'bpftrace-start',
    'bpftrace start',
    `${ended}: ${reason(ran.stderr)}`,
    'see the checks above; without it /proc is polled',
  );
};

/** The last line that says more than the known warnings (RLIMIT_MEMLOCK is harmless since 5.11). */
const reason = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes("couldn't set RLIMIT"));
  const line = lines.filter((text) => text.includes('ERROR')).at(-1) ?? lines.at(-1) ?? 'it says nothing';
  return escapeText(line.slice(0, 300));
};
