import { TRACEFS } from '../../bpftrace/host.js';
import { atLeast, parseRelease } from '../../judge/release.js';
import { printable } from '../../text/escape.js';
import { type Check, fail, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';

/** Release and machine; live tracing is made for 4.18 and later, and tested from 5.10. */
export const kernelCheck = (release: string, unameMachine: string): Check => {
  const found = printable(`${release} ${unameMachine}`);
  const parsed = parseRelease(release);
  if (atLeast(parsed, 4, 18) !== true)
    return warn(
      'kernel',
      'kernel',
      `${found}: older than 4.18`,
      'capture evidence here and analyze it elsewhere: vdsowatch capture --script',
    );
  if (atLeast(parsed, 5, 10) !== true) return warn('kernel', 'kernel', `${found}: works, tested from 5.10 only`, null);
  return ok('kernel', 'kernel', found);
};

/** Lockdown: integrity allows tracing, confidentiality forbids bpf to read kernel memory (security/lockdown). */
export const lockdownCheck = (machine: Machine): Check => {
  const text = machine.read('/sys/kernel/security/lockdown');
  const mode = /\[(\w+)\]/.exec(text ?? '')?.[1];
  if (mode === undefined) return ok('lockdown', 'lockdown', 'none, or not told (no securityfs)');
  if (mode === 'confidentiality')
    return fail(
      'lockdown',
      'lockdown',
      'confidentiality: the kernel refuses BPF programs that read it',
      'boot with lockdown=integrity, or without Secure Boot',
    );
  return ok('lockdown', 'lockdown', mode);
};

export const MOUNT_TRACEFS = ['mount', '-t', 'tracefs', 'tracefs', '/sys/kernel/tracing'] as const;

/** Where tracefs is mounted; undefined: nowhere, or not for us. */
export const tracefsPlace = (machine: Machine): string | undefined =>
  TRACEFS.find((place) => machine.exists(`${place}/events`));

export const tracefsCheck = (machine: Machine): Check => {
  const place = tracefsPlace(machine);
  if (place !== undefined) return ok('tracefs', 'tracefs', `at ${place}`);
  return fail(
    'tracefs',
    'tracefs',
    machine.uid === 0 ? 'not mounted' : 'not mounted, or not readable without root',
    machine.uid === 0 ? MOUNT_TRACEFS.join(' ') : 'run it as root',
  );
};
