import { type Composition, composeCompat, composeMain, knowsVdsoPointer } from '../../bpftrace/compose.js';
import { type Host, KERNEL_BTF } from '../../bpftrace/host.js';
import type { Script } from '../../bpftrace/script.js';
import { printable } from '../../text/escape.js';
import { type Check, ok, warn } from '../check.js';

/** What this kernel offers to probes: BTF, mm->context.vdso in it, tracepoints; and what is left out for want of them. */
export const probeChecks = (host: Host, scripts: ReadonlyMap<string, Script>): readonly Check[] => {
  const main = composeMain(host, scripts);
  const compat = composeCompat(host, scripts);
  return [btfCheck(host), pointerCheck(host), pointsCheck(main), ...leftOut(main), compatCheck(host, compat)];
};

const btfCheck = ({ btf }: Host): Check =>
  btf !== undefined
    ? ok('btf', 'BTF', KERNEL_BTF)
    : warn('btf', 'BTF', `no ${KERNEL_BTF}: calls are traced unfiltered`, 'boot a kernel with CONFIG_DEBUG_INFO_BTF=y');

/** Without it nothing in the kernel tells which call touches a vDSO. */
const pointerCheck = (host: Host): Check =>
  knowsVdsoPointer(host)
    ? ok('vdso-pointer', 'mm->context.vdso', 'known from BTF')
    : warn(
        'vdso-pointer',
        'mm->context.vdso',
        'not known: moves are traced unfiltered, unmapping is found by re-checks only',
        host.btf === undefined ? 'boot a kernel with CONFIG_DEBUG_INFO_BTF=y' : null,
      );

const pointsCheck = ({ points, leftOut: missing }: Composition): Check => {
  const found = `${points.length} will be attached${missing.length === 0 ? '' : `, ${missing.length} are left out`}`;
  return ok('probes', 'probes', found);
};

/** One line for each reason. A call that this kernel does not have cannot be made either: nothing is missed. */
const leftOut = ({ leftOut: missing }: Composition): readonly Check[] => {
  const reasons = new Map<string, string[]>();
  for (const { script, point, why } of missing) {
    const key = `${script}: ${why}`;
    reasons.set(key, [...(reasons.get(key) ?? []), point.replace(/^tracepoint:/, '')]);
  }
  return [...reasons].map(([reason, points]) => {
    const found = printable(`left out of ${reason} (${points.join(', ')})`);
    const isMissingCall = reason.endsWith(NO_TRACEPOINT) && points.every((point) => point.startsWith('syscalls:'));
    return isMissingCall ? ok('probe-left-out', 'probes', found) : warn('probe-left-out', 'probes', found, null);
  });
};

const NO_TRACEPOINT = 'this kernel has no such tracepoint';

const compatCheck = ({ arch }: Host, compat: Composition | undefined): Check => {
  if (compat !== undefined)
    return ok('compat-probes', '32-bit calls', 'are seen, by raw_syscalls while a 32-bit task is alive');
  return arch === 'x64' || arch === 'arm64'
    ? warn('compat-probes', '32-bit calls', 'are not seen: 32-bit tasks are found by re-checks only', null)
    : ok('compat-probes', '32-bit calls', 'not known how to tell on this machine');
};
