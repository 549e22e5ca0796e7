import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baselines } from '../../src/judge/baseline.js';
import { judge } from '../../src/judge/judge.js';
import { copiedPage, evidenceOf, kernelPage, type Made, MODERN, RHEL7 } from './build.js';

const process = (pid: number, words: readonly bigint[], more: Partial<Made> = {}) => {
  const evidence = evidenceOf({
    ...MODERN,
    pid,
    uts: 1n,
    maps: `7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: { '0x7f1000006000': words },
    auxv: 0x7f1000006000n,
    ...more,
  });
  return { evidence, verdict: judge(evidence) };
};

test('an ordinary host has one page set for each image, whichever pages are present in whom', () => {
  const i386: Partial<Made> = {
    maps: 'f7fc1000-f7fc3000 r-xp 00000000 00:00 0 [vdso]',
    pagemap: { '0xf7fc1000': [kernelPage(0x2863), 0n] },
    auxv: 0xf7fc1000n,
    wordSize: 4,
  };
  const sets = baselines([
    process(5, [kernelPage(0x2861), 0n]),
    process(3, [0n, kernelPage(0x2862)], { uts: 9n }),
    process(4, [kernelPage(0x2861), kernelPage(0x2862)]),
    process(7, [], i386),
  ]);
  assert.deepEqual(sets, [
    { image: 'x86_64', uts: undefined, frames: [0x2861n, 0x2862n], processes: [3, 4, 5], kind: 'host' },
    { image: 'i386', uts: undefined, frames: [0x2863n, undefined], processes: [7], kind: 'host' },
  ]);
});

test('copied pages make no group, and neither do absent or hidden ones', () => {
  assert.deepEqual(
    baselines([
      process(1, [copiedPage(5), copiedPage(6)]),
      process(2, [copiedPage(5), copiedPage(6)]),
      process(3, [0n, 0n]),
      process(4, [kernelPage(0), kernelPage(0)]),
    ]),
    [],
  );
  const [only] = baselines([process(1, [copiedPage(5), kernelPage(0x2862)])]);
  assert.deepEqual(only?.frames, [undefined, 0x2862n]);
});

test('a Virtuozzo host shows its containers at a glance', () => {
  const container = (pid: number, uts: bigint, frame: number) =>
    process(pid, [], {
      ...RHEL7,
      uts,
      maps: '7ffddad93000-7ffddad95000 r-xp 00000000 00:00 0 [vdso]',
      pagemap: { '0x7ffddad93000': [kernelPage(frame), kernelPage(frame + 1)] },
      auxv: 0x7ffddad93000n,
    });
  const sets = baselines([
    container(1, 1n, 0x1a05),
    container(10, 7n, 0x4444),
    container(11, 7n, 0x4444),
    container(20, 8n, 0x5555),
    container(30, 7n, 0x1a05),
  ]);
  assert.deepEqual(
    sets.map(({ kind, uts, processes }) => ({ kind, uts, processes })),
    [
      { kind: 'host', uts: undefined, processes: [1, 30] },
      { kind: 'container', uts: 7n, processes: [10, 11] },
      { kind: 'lone', uts: 8n, processes: [20] },
    ],
  );
});

test("without the host's own frames, what most processes share is taken for them", () => {
  const without: Partial<Made> = { reference: {} };
  const sets = baselines([
    process(1, [kernelPage(5)], without),
    process(2, [kernelPage(5)], without),
    process(3, [kernelPage(9)], { ...without, uts: 8n }),
  ]);
  assert.deepEqual(
    sets.map(({ kind }) => kind),
    ['host', 'lone'],
  );
});

test('three partial views of one set meet in one group', () => {
  const sets = baselines([
    process(1, [kernelPage(0x2861), 0n]),
    process(2, [0n, kernelPage(0x2862)]),
    process(3, [kernelPage(0x2861), kernelPage(0x2862)]),
  ]);
  assert.deepEqual(
    sets.map(({ processes }) => processes),
    [[1, 2, 3]],
  );
});
