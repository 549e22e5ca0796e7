import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ending, explainEnding, isHarmless } from '../../src/bpftrace/complaint.js';
import type { FailureKind } from '../../src/model/failure.js';

/** Texts of bpftrace 0.17 to 0.27, as they were seen (facts of the versions' own messages). */
const RLIMIT =
  'ERROR: Unknown error -1: couldn\'t set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192" to fix the problem';

const said = (...stderr: readonly string[]): Ending => ({ stderr, code: 1, signal: undefined });

const KNOWN: readonly (readonly [FailureKind, string])[] = [
  ['no-privilege', 'ERROR: bpftrace currently only supports running as the root user.'],
  ['no-privilege', 'ERROR: Missing CAP_DAC_READ_SEARCH capability, please run bpftrace as the root user.'],
  ['no-privilege', "ERROR: Kernel lockdown is enabled and set to 'confidentiality'. Lockdown mode blocks"],
  ['no-privilege', 'Creation of the required BPF maps has failed.'],
  [
    'no-tracefs',
    'ERROR: Failed to open kernel function info: Error reading events from /sys/kernel/tracing/available_events (No such file or directory)',
  ],
  ['no-btf', "definitions.h:30:3: error: unknown type name 'pid_t'"],
  ['no-btf', "definitions.h:2:10: fatal error: 'linux/types.h' file not found"],
  [
    'no-btf',
    'stdin:1:1-40: ERROR: Could not parse arguments of "tracepoint:a:b": BTF is required for parsing tracepoint arguments',
  ],
  ['probe-rejected', 'stdin:1:1-2: ERROR: tracepoint not found: syscalls:sys_enter_mremap'],
  ['probe-rejected', 'stdin:1:1-2: ERROR: No matches for tracepoint syscalls:sys_enter_mremap.'],
  ['probe-rejected', 'ERROR: Unknown BPF object load failure: EPERM'],
  ['probe-rejected', "ERROR: Can't attach to 39 probes because it exceeds the current limit of 1 probes."],
  ['probe-rejected', 'mmap: Invalid argument'],
  [
    'no-bpftrace',
    'bpftrace: error while loading shared libraries: libbcc.so.0: cannot open shared object file: No such file or directory',
  ],
];

for (const [kind, line] of KNOWN)
  test(`${kind}: ${line.slice(0, 60)}`, () => {
    const reason = explainEnding(said(RLIMIT, 'WARNING: Addrspace mismatch', line));
    assert.equal(reason.kind, kind);
    assert.notEqual(reason.mend, null);
    assert.ok(!/[\n\x1b]/.test(reason.text));
  });

test('harmless lines are no reason', () => {
  assert.ok(isHarmless(RLIMIT));
  const reason = explainEnding({ stderr: [RLIMIT, 'WARNING: anything'], code: undefined, signal: 'SIGKILL' });
  assert.deepEqual([reason.kind, reason.text], ['bpftrace-died', 'bpftrace ended by SIGKILL']);
});

test('an unknown error is quoted, escaped and cut', () => {
  const reason = explainEnding(said(RLIMIT, `stdin:3:1-9: ERROR: something \x1b[2J new${'x'.repeat(500)}`));
  assert.equal(reason.kind, 'probe-rejected');
  assert.ok(reason.text.includes('ERROR: something \\x1b[2J new'));
  assert.ok(reason.text.length < 300);
  assert.match(reason.mend ?? '', /VDSOWATCH_BPFTRACE/);
});

test('"failed to build" alone is no reason: the hint under it is quoted', () => {
  // bpftrace 0.27 on Linux 7.3, in a guest whose /dev has no fd.
  const reason = explainEnding(
    said(
      'stdin:1-421: ERROR: failed to build',
      'tracepoint:task:task_newtask',
      "HINT: error: unable to open output file '/dev/fd/4': 'No such file or directory'",
      'stdlib/base.bt:286:3-32: ERROR: failed to build',
    ),
  );
  assert.match(reason.text, /: error: unable to open output file '\/dev\/fd\/4'/);
  assert.match(explainEnding(said('stdin:1-9: ERROR: failed to build')).text, /: ERROR: failed to build$/);
});

test('an ending without a word says how', () => {
  assert.equal(explainEnding({ stderr: [], code: 255, signal: undefined }).text, 'bpftrace ended with status 255');
});
