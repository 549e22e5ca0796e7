import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeMain } from '../../src/bpftrace/compose.js';
import type { Bpftrace } from '../../src/bpftrace/find.js';
import type { Host } from '../../src/bpftrace/host.js';
import type { Plan } from '../../src/bpftrace/plan.js';
import { readScripts } from '../../src/bpftrace/script.js';
import { doctorText } from '../../src/commands/doctor.js';
import { bpftraceCheck, startCheck } from '../../src/doctor/checks/bpftrace.js';
import { criuCheck, criuChecks } from '../../src/doctor/checks/criu.js';
import { hintChecks } from '../../src/doctor/checks/hint.js';
import { kernelCheck, lockdownCheck, tracefsCheck } from '../../src/doctor/checks/kernel.js';
import { privilegeChecks } from '../../src/doctor/checks/privilege.js';
import { probeChecks } from '../../src/doctor/checks/probes.js';
import { procChecks } from '../../src/doctor/checks/proc.js';
import { surroundingChecks } from '../../src/doctor/checks/surroundings.js';
import { erasOn } from '../../src/hint/criu-eras.js';
import { failed, failure, type Outcome, success } from '../../src/model/failure.js';
import type { LocalHost } from '../../src/proc/host.js';
import { fakeMachine } from './fake-machine.js';

const statuses = (checks: readonly { code: string; status: string }[]) =>
  checks.filter(({ status }) => status !== 'ok').map(({ code, status }) => `${code} ${status}`);

const bpftrace = (version: string): Outcome<Bpftrace> => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return success({ path: '/usr/bin/bpftrace', version, major, minor });
};

test('root on a host: nothing to complain of', () => {
  const machine = fakeMachine();
  assert.deepEqual(
    statuses([
      ...privilegeChecks(machine),
      kernelCheck('6.1.0-18-amd64', 'x86_64'),
      lockdownCheck(machine),
      tracefsCheck(machine),
      bpftraceCheck(machine, bpftrace('0.17.0')),
      ...surroundingChecks(machine),
    ]),
    [],
  );
});

test('not root: no tracing, said with what to do', () => {
  const machine = fakeMachine({ uid: 1000, files: { '/proc/self/status': 'CapEff:\t0000000000000000\n' } });
  assert.deepEqual(statuses(privilegeChecks(machine)), ['user fail', 'capabilities warn']);
  assert.match(privilegeChecks(machine)[0]?.mend ?? '', /sudo/);
});

test('root of a container: what it lacks is named, and its user namespace', () => {
  const files = {
    '/proc/self/status': 'CapEff:\t00000000a80425fb\n',
    '/proc/self/uid_map': '         0     100000      65536\n',
  };
  const checks = privilegeChecks(fakeMachine({ files }));
  assert.deepEqual(statuses(checks), ['capabilities fail', 'user-namespace warn']);
  assert.match(checks[1]?.found ?? '', /CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF/);
});

test('a capability that only readings need does not make live tracing fail: the probes are attached without it', () => {
  // CAP_SYS_PTRACE is missing, all others are there.
  const machine = fakeMachine({ files: { '/proc/self/status': 'CapEff:\t000001fffff7ffff\n' } });
  assert.deepEqual(statuses(privilegeChecks(machine)), ['capabilities warn']);
  assert.match(privilegeChecks(machine)[1]?.found ?? '', /without CAP_SYS_PTRACE:/);
});

test('root of a kernel that knows no CAP_BPF is told to get it', () => {
  // As on Linux 4.19.
  const files = { '/proc/self/status': 'CapEff:\t0000003fffffffff\n', '/proc/sys/kernel/cap_last_cap': '37\n' };
  assert.deepEqual(statuses(privilegeChecks(fakeMachine({ files }))), []);
});

test('kernels: old ones capture, recent ones trace', () => {
  assert.equal(kernelCheck('3.10.0-1160.el7.x86_64', 'x86_64').status, 'warn');
  assert.equal(kernelCheck('4.18.0-553.el8', 'x86_64').status, 'warn');
  assert.equal(kernelCheck('5.10.0', 'aarch64').status, 'ok');
  assert.equal(kernelCheck('7.2.0-rc1', 'x86_64').status, 'ok');
});

test('lockdown: confidentiality forbids, integrity does not, no securityfs says nothing', () => {
  const lockdown = (text: string | undefined) => lockdownCheck(fakeMachine({ read: () => text })).status;
  assert.equal(lockdown('none integrity [confidentiality]\n'), 'fail');
  assert.equal(lockdown('none [integrity] confidentiality\n'), 'ok');
  assert.equal(lockdown(undefined), 'ok');
});

test('bpftrace missing: the package manager that is there is named', () => {
  const missing = failed(failure('no-bpftrace', 'bpftrace was not found', 'install bpftrace'));
  for (const [program, command] of [
    ['apt-get', 'apt-get update && apt-get install --yes --no-install-recommends bpftrace'],
    ['dnf', 'dnf install -y bpftrace'],
    ['zypper', 'zypper --non-interactive install bpftrace'],
    ['pacman', 'pacman -Sy --needed --noconfirm bpftrace'],
    ['apk', 'apk add bpftrace'],
    ['none', 'install bpftrace'],
  ] as const) {
    const check = bpftraceCheck(fakeMachine({ programs: [program] }), missing);
    assert.deepEqual([check.status, check.mend], ['fail', command]);
  }
});

test('bpftrace too old, or newer than the tested ones', () => {
  const old = failed(failure('old-bpftrace', 'bpftrace 0.11.3 is too old', 'install a newer one'));
  assert.deepEqual(
    [old, bpftrace('0.17.0'), bpftrace('0.27.1'), bpftrace('0.28.0'), bpftrace('1.0.0')].map(
      (found) => bpftraceCheck(fakeMachine(), found).status,
    ),
    ['fail', 'ok', 'ok', 'warn', 'warn'],
  );
});

/** A kernel without BTF that has all tracepoints but those of one name. */
const host = (missing: RegExp): Host => ({
  arch: 'x64',
  fields: (tracepoint) => (missing.test(tracepoint) ? undefined : { ...new Set<string>(), has: () => true }),
  btf: undefined,
  window: { below: 0x6000n, above: 0x2000n },
  queues: undefined,
});

const scripts = () => {
  const read = readScripts();
  assert.ok(read.ok);
  return read.value;
};

test('probes: no BTF is told with what it costs', () => {
  const checks = probeChecks(host(/^$/), scripts());
  assert.deepEqual(statuses(checks), ['btf warn', 'vdso-pointer warn', 'compat-probes warn']);
  assert.match(checks[0]?.mend ?? '', /CONFIG_DEBUG_INFO_BTF/);
});

test('probes: a call this kernel does not have is no loss, another tracepoint is', () => {
  const calls = probeChecks(host(/pkey|mseal/), scripts()).filter(({ code }) => code === 'probe-left-out');
  assert.ok(calls.every(({ status }) => status === 'ok'));
  const others = probeChecks(host(/sched_process_exec/), scripts()).filter(({ code }) => code === 'probe-left-out');
  assert.deepEqual(
    others.map(({ status, found }) => [status, found]),
    [['warn', 'left out of task: this kernel has no such tracepoint (sched:sched_process_exec)']],
  );
});

test('the start test: how many probes, or why not', async () => {
  const found = bpftrace('0.17.0');
  assert.ok(found.ok);
  const main = composeMain(host(/^$/), scripts());
  const plan: Plan = {
    bpftrace: found.value,
    main,
    instead: () => undefined,
    compat: undefined,
    decoding: { arch: 'x64', knowsVdso: false, knowsLastExit: false },
    deaf: undefined,
  };
  assert.match(
    (await startCheck(plan, async () => undefined)).found,
    new RegExp(`^attached ${main.points.length} probes in`),
  );
  const deaf = await startCheck({ ...plan, deaf: 'this bpftrace hears nothing of CPU 3' }, async () => undefined);
  assert.deepEqual([deaf.status, deaf.found.endsWith('; this bpftrace hears nothing of CPU 3')], ['warn', true]);
  const reason = failure('no-privilege', 'bpftrace needs root', 'run it as root');
  const check = await startCheck(plan, async () => reason);
  assert.deepEqual([check.status, check.found, check.mend], ['fail', 'bpftrace needs root', 'run it as root']);
});

test('tracefs: either place; not mounted for root is a mount, for others a sudo', () => {
  assert.match(tracefsCheck(fakeMachine({ exists: (path) => path.startsWith('/sys/kernel/debug') })).found, /debug/);
  assert.equal(tracefsCheck(fakeMachine({ exists: () => false })).mend, 'mount -t tracefs tracefs /sys/kernel/tracing');
  assert.equal(tracefsCheck(fakeMachine({ exists: () => false, uid: 1 })).status, 'fail');
});

test('CRIU: absent is fine, one that cannot run here is not', async () => {
  const eras = erasOn({
    hintReliable: true,
    sealed: false,
    pagemapFull: true,
    hasVclock: true,
    onlyGnuHash: false,
    bigEndian: false,
  });
  const check = (major: number, minor: number) =>
    criuCheck('/usr/sbin/criu', success({ major, minor, patch: 1 }), eras);
  assert.deepEqual(statuses(await criuChecks(fakeMachine(), eras)), []);
  assert.match(check(3, 17).found, /^3\.17\.1 at .* cannot run on this kernel.*Unexpected rt vDSO area bounds/);
  assert.match(check(4, 1).found, /goes by the hint/);
  assert.equal(check(0, 5).status, 'warn');
  assert.equal(criuCheck('/x', failed(failure('unreadable', 'it prints no version', 'see why')), eras).mend, 'see why');
});

test('hint and sealed mappings', () => {
  assert.deepEqual(statuses(hintChecks([{ abi: 'x86_64', outcome: 'sealed', why: '' }])), ['hint warn', 'sealed warn']);
});

test('/proc: what hides from whom', () => {
  const local = (change: Partial<LocalHost>): LocalHost => ({
    host: { release: undefined, machine: undefined, pageSize: 4096, hintTest: 'unknown', reference: new Map() },
    privileged: true,
    hidepid: undefined,
    initialPidNamespace: true,
    ...change,
  });
  assert.deepEqual(statuses(procChecks(local({}), true)), []);
  assert.deepEqual(statuses(procChecks(local({ hidepid: '2' }), true)), []);
  assert.deepEqual(
    statuses(procChecks(local({ hidepid: '2', privileged: false, initialPidNamespace: false }), false)),
    ['hidepid warn', 'pid-namespace fail', 'pagemap warn'],
  );
});

test('a privileged container with a pid namespace of its own is not told that live tracing works', () => {
  const local = {
    host: { release: undefined, machine: undefined, pageSize: 4096, hintTest: 'unknown', reference: new Map() },
    privileged: true,
    hidepid: undefined,
    initialPidNamespace: false,
  } as const;
  const [check] = procChecks(local, true).filter(({ status }) => status === 'fail');
  assert.match(check?.mend ?? '', /--pid=host/);
});

test('surroundings: small terminal, no UTF-8, old Node', () => {
  const machine = fakeMachine({
    env: { LC_ALL: 'C', LANG: 'C.UTF-8', TERM: 'xterm' },
    nodeVersion: '18.20.1',
    terminal: { isTTY: true, columns: 60, rows: 20 },
  });
  assert.deepEqual(statuses(surroundingChecks(machine)), ['terminal warn', 'locale warn', 'node fail']);
});

test('the text: one line for each check', () => {
  const text = doctorText({
    checks: [tracefsCheck(fakeMachine({ exists: () => false })), lockdownCheck(fakeMachine())],
    tests: [],
    liveTracing: false,
  });
  assert.match(text, /^fail {2}tracefs {3}not mounted -> mount -t tracefs/);
  assert.match(text, /^ok {4}lockdown {2}none$/m);
});
