import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JudgeContext } from '../../src/judge/context.js';
import { judge } from '../../src/judge/judge.js';
import type { Evidence } from '../../src/model/evidence.js';
import { judgedBefore } from '../../src/pipeline/judged-before.js';
import { caseDirectories, onlyProcess } from '../corpus/runner.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { poorer, REMOVALS } from '../judge/removals.js';

/** A verdict that is remembered must be the one that the judge gives now, over every captured process. */

// By name, so that a counterexample can be read.
const captured = new Map(
  await Promise.all(
    caseDirectories().map(
      async (directory) => [directory.split('/').at(-1) ?? '', await onlyProcess(`${directory}/bundle`)] as const,
    ),
  ),
);

/** Two mappings of that name, and nothing else known of them: the kernel's pointer tells which one is meant. */
const torn = ({ vmas, ...rest }: Evidence): Evidence => ({
  ...rest,
  pagemap: new Map(),
  smaps: undefined,
  vmas: vmas?.flatMap((vma) =>
    vma.name === '[vdso]' ? [{ ...vma, start: vma.start - FAR, end: vma.end - FAR }, vma] : [vma],
  ),
});
const FAR = 0x10_0000n;

const somePlace = ({ vmas }: Evidence, chosen: number): bigint | undefined =>
  [undefined, 0n, ...placesOf(vmas)][chosen];
const placesOf = (vmas: Evidence['vmas']): readonly bigint[] =>
  vmas?.filter(({ name }) => name === '[vdso]').map(({ start }) => start) ?? [];

const someCase = fc.constantFrom(...captured.keys());

const reading = fc.record({
  /** Which of the evidence at hand it repeats. */
  which: fc.nat(2),
  pointer: fc.nat(3),
  placed: fc.nat(3),
  mover: fc.constantFrom(undefined, { pid: 7, comm: 'storm' }, { pid: 7, comm: 'other' }, { pid: 8, comm: 'storm' }),
  without: fc.subarray(Object.keys(REMOVALS), { maxLength: 1 }),
  repeats: fc.boolean(),
});

test('what was judged before is judged as if it was not', () => {
  fc.assert(
    fc.property(
      fc.tuple(...[someCase, someCase, someCase]),
      fc.array(reading, { maxLength: 12 }),
      (three, readings) => {
        const [one, other, third] = three.map((name) => captured.get(name) ?? assert.fail(name));
        const known = [one, other, third && torn(third)];
        const again = judgedBefore(judge);
        for (const { which, pointer, placed, mover, without, repeats } of readings) {
          const base = known[which] ?? assert.fail();
          const evidence = {
            ...(repeats ? base : poorer(base, without)),
            takenAt: BigInt(pointer),
            contextVdso: somePlace(base, pointer),
          };
          const placedAt = somePlace(base, placed);
          const moves = mover === undefined ? [] : [{ at: 1n, from: 1n, to: 2n, ...mover }];
          const context: JudgeContext = placedAt === undefined ? { moves } : { placedAt, moves };
          const verdict = again(evidence, context);
          assert.deepEqual(verdict, judge(evidence, context));
        }
      },
    ),
    { numRuns: fuzzRuns(300) },
  );
});
