import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpftraceCheck, findBpftrace, startCheck } from '../../src/doctor/checks/bpftrace.js';
import { criuChecks, findCriu } from '../../src/doctor/checks/criu.js';
import { hintChecks } from '../../src/doctor/checks/hint.js';
import { kernelCheck, lockdownCheck } from '../../src/doctor/checks/kernel.js';
import { privilegeChecks } from '../../src/doctor/checks/privilege.js';
import { procChecks } from '../../src/doctor/checks/proc.js';
import { surroundingChecks } from '../../src/doctor/checks/surroundings.js';
import { tracefsCheck } from '../../src/doctor/checks/tracefs.js';
import { doctorText } from '../../src/doctor/report.js';
import { erasOn } from '../../src/hint/criu-eras.js';
import type { LocalHost } from '../../src/proc/host.js';
import { fakeMachine } from './fake-machine.js';

const statuses = (checks: readonly { code: string; status: string }[]) =>
  checks.filter(({ status }) => status !== 'ok').map(({ code, status }) => `${code} ${status}`);

test('root on a host: nothing to complain of', async () => {
  const machine = fakeMachine();
  const bpftrace = await findBpftrace(machine);
  assert.ok(bpftrace);
  assert.deepEqual(
    statuses([
      ...privilegeChecks(machine),
      kernelCheck('6.1.0-18-amd64', 'x86_64'),
      lockdownCheck(machine),
      tracefsCheck(machine),
      bpftraceCheck(machine, bpftrace),
      await startCheck(machine, bpftrace),
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

test('bpftrace missing: the package manager that is there is named', async () => {
  for (const [program, command] of [
    ['apt-get', 'apt-get update && apt-get install --yes --no-install-recommends bpftrace'],
    ['dnf', 'dnf install -y bpftrace'],
    ['zypper', 'zypper --non-interactive install bpftrace'],
    ['pacman', 'pacman -Sy --needed --noconfirm bpftrace'],
    ['apk', 'apk add bpftrace'],
    ['none', 'install bpftrace 0.17 or later'],
  ] as const) {
    const machine = fakeMachine({ programs: [program] });
    const check = bpftraceCheck(machine, await findBpftrace(machine));
    assert.deepEqual([check.status, check.mend], ['fail', command]);
  }
});

test('bpftrace by version', () => {
  const status = (version: string | undefined) => bpftraceCheck(fakeMachine(), { path: '/x', version }).status;
  assert.deepEqual(['0.11.3', '0.17.0', '0.27.1', '0.28.0', undefined].map(status), [
    'fail',
    'ok',
    'ok',
    'warn',
    'fail',
  ]);
});

test('bpftrace that does not start: its own reason, not its harmless warnings, and escaped', async () => {
  const stderr = "WARNING: couldn't set RLIMIT_MEMLOCK\nERROR: Unknown BPF object load failure \x1b[2J\n\n";
  const machine = fakeMachine({ answers: { '/usr/bin/bpftrace': { exitCode: 255, stdout: '', stderr } } });
  const check = await startCheck(machine, { path: '/usr/bin/bpftrace', version: '0.23.2' });
  assert.equal(check.status, 'fail');
  assert.match(check.found, /^failed with status 255: ERROR: Unknown BPF object load failure \\x1b\[2J$/);
});

test('tracefs: either place; not mounted for root is a mount, for others a sudo', () => {
  assert.match(tracefsCheck(fakeMachine({ exists: (path) => path.startsWith('/sys/kernel/debug') })).found, /debug/);
  assert.equal(tracefsCheck(fakeMachine({ exists: () => false })).mend, 'mount -t tracefs tracefs /sys/kernel/tracing');
  assert.equal(tracefsCheck(fakeMachine({ exists: () => false, uid: 1 })).status, 'fail');
});

test('CRIU: absent is fine, one that cannot run here is not', async () => {
  const eras = erasOn({ hintReliable: true, sealed: false, pagemapFull: true, hasVclock: true });
  const check = (version: string | undefined) =>
    criuChecks(fakeMachine(), { path: '/usr/sbin/criu', version }, eras)[0];
  assert.equal(criuChecks(fakeMachine(), undefined, eras)[0]?.status, 'ok');
  assert.match(check('3.17.1')?.found ?? '', /cannot run on this kernel.*Unexpected rt vDSO area bounds/);
  assert.match(check('4.1.1')?.found ?? '', /goes by the hint/);
  assert.deepEqual([check('0.5')?.status, check(undefined)?.status], ['warn', 'warn']);
  const found = await findCriu(fakeMachine({ programs: ['criu'] }));
  assert.deepEqual(found, { path: '/usr/bin/criu', version: '4.2' });
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
    ['hidepid warn', 'pid-namespace warn', 'pagemap warn'],
  );
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
