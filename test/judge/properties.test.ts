import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JudgeContext } from '../../src/judge/context.js';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import type { Evidence } from '../../src/model/evidence.js';
import type { Confidence, Verdict } from '../../src/model/verdict.js';
import { caseDirectories, onlyProcess } from '../corpus/runner.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { poorer, REMOVALS } from './removals.js';

// Issue 3, Shows 2, over every captured process: missing evidence never becomes a claim; removing evidence lowers
// confidence only, and never flips what was proven; the order in which mappings were found does not matter.

const cases = await Promise.all(
  [...new Map(caseDirectories().map((path) => [path.split('/').at(-1), path])).values()].map(async (directory) => ({
    name: directory.split('/').at(-1) ?? '',
    evidence: await onlyProcess(`${directory}/bundle`),
  })),
);

// By name, so that a counterexample can be read.
const someCase = fc.constantFrom(...cases.map(({ name }) => name));
const evidenceOfCase = (wanted: string): Evidence => {
  const found = cases.find(({ name }) => name === wanted);
  assert.ok(found);
  return found.evidence;
};
const someRemovals = fc.subarray(Object.keys(REMOVALS));

const RANK: Readonly<Record<Confidence, number>> = { unknown: 0, likely: 1, proven: 2 };

/** What is proven of each mapping, and of the whole. */
const proven = (verdict: Verdict): ReadonlyMap<string, string> =>
  new Map([
    ...verdict.mappings
      .filter(({ confidence }) => confidence === 'proven')
      .map((mapping) => [String(mapping.start), isVdso(mapping.class) ? 'vdso' : 'other'] as const),
    ...(verdict.confidence === 'proven' ? [['vdso', String(verdict.vdso?.start)] as const] : []),
  ]);

const isVdso = (mappingClass: string): boolean => mappingClass === 'genuine' || mappingClass === 'criu-runtime';

test('removing evidence never flips a proven verdict, and never raises confidence', () => {
  fc.assert(
    fc.property(someCase, someRemovals, someRemovals, (name, some, more) => {
      const richer = poorer(evidenceOfCase(name), some);
      const [one, other] = [judge(richer), judge(poorer(richer, more))];
      const [before, after] = [proven(one), proven(other)];
      for (const [what, claim] of after)
        if (before.has(what)) assert.equal(claim, before.get(what), `${what} flipped without ${more.join(', ')}`);
        else {
          // Proven now, not before: only when before it was the same and less sure is that a rise; it must not be.
          const mapping = one.mappings.find(({ start }) => String(start) === what);
          const ranked = what === 'vdso' ? RANK[one.confidence] : RANK[mapping?.confidence ?? 'unknown'];
          assert.fail(`${what} is proven only without ${more.join(', ')} (was ${ranked})`);
        }
    }),
    { numRuns: fuzzRuns(2000) },
  );
});

test('without evidence for it nothing is claimed', () => {
  fc.assert(
    fc.property(someCase, someRemovals, (name, some) => {
      const poor = poorer(evidenceOfCase(name), some);
      const verdict = judge(poor);
      const { vdso } = verdict;
      if (poor.auxv === undefined && vdso) assert.equal(vdso.moved, undefined, 'moved needs auxv or history');
      if (poor.pagemap.size === 0 && poor.smaps === undefined && vdso) {
        assert.equal(vdso.modifiedPages, undefined, 'copied pages need pagemap or smaps');
        assert.ok(vdso.frames.every((frame) => frame === undefined));
      }
      if (poor.smaps === undefined && vdso) assert.equal(vdso.sealed, undefined, 'sealing needs VmFlags');
      if (poor.host.machine === undefined) assert.equal(verdict.abi, undefined);
      if (poor.host.reference.size === 0) assert.equal(verdict.policies.pfn.right ?? undefined, compatRight(verdict));
      if (verdict.confidence === 'unknown' && verdict.applicable) assert.equal(vdso, undefined);
      const nothing = judge({ ...poor, vmas: undefined });
      assert.equal(nothing.vdso, undefined);
      assert.equal(nothing.hint, undefined);
      assert.deepEqual(nothing.mappings, []);
      const outcome = forecast({ ...poor, vmas: undefined }, nothing, '4.2');
      assert.equal(outcome.dump, undefined);
      assert.equal(outcome.restore, undefined);
    }),
    { numRuns: fuzzRuns(2000) },
  );
});

/** Without the host's frames the frame check has no answer, but for 32-bit tasks, which CRIU never checks. */
const compatRight = (verdict: Verdict): boolean | undefined =>
  verdict.policies.pfn.why.startsWith('32-bit task') ? verdict.policies.pfn.right : undefined;

test('the order in which mappings were found does not matter', () => {
  fc.assert(
    fc.property(someCase, someRemovals, fc.integer(), (name, some, seed) => {
      const poor = poorer(evidenceOfCase(name), some);
      const shuffled: Evidence = {
        ...poor,
        vmas: shuffle(poor.vmas ?? [], seed),
        pagemap: new Map(shuffle([...poor.pagemap], seed)),
        bytes: new Map(shuffle([...poor.bytes], seed)),
        smaps: poor.smaps === undefined ? undefined : new Map(shuffle([...poor.smaps], seed)),
      };
      const verdict = judge(poor);
      assert.deepEqual(judge(shuffled), verdict);
      assert.deepEqual(forecast(shuffled, verdict, '4.2'), forecast(poor, verdict, '4.2'));
    }),
    { numRuns: fuzzRuns(500) },
  );
});

const shuffle = <T>(items: readonly T[], seed: number): readonly T[] => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state;
  };
  return items
    .map((item) => ({ item, order: next() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
};

test('history and kernel truth are believed before anything else, on every captured process', () => {
  let believed = 0;
  for (const { evidence, name } of cases) {
    const alone = judge(evidence);
    if (!alone.vdso || alone.mappings.some(({ class: mappingClass }) => mappingClass === 'criu-runtime')) continue;
    const context: JudgeContext = { placedAt: alone.vdso.start + 0x10000n };
    assert.equal(judge(evidence, context).vdso?.moved, true, name);
    const truth: JudgeContext = { kernelTruth: [] };
    assert.equal(judge(evidence, truth).vdso, null, name);
    believed += 1;
  }
  assert.ok(believed >= 50, `${believed} processes`);
});

test('any evidence at all: judge and forecast answer and do not throw', () => {
  const page = 4096n;
  const vma = fc.record({
    start: fc.bigInt({ min: 0n, max: 1n << 47n }).map((at) => at & ~0xfffn),
    pages: fc.bigInt({ min: 1n, max: 40n }),
    name: fc.constantFrom(
      '',
      '[vdso]',
      '[vvar]',
      '[vvar_vclock]',
      '[heap]',
      '[stack]',
      '[uprobes]',
      '/x [vdso]',
      '[sigpage]',
    ),
    flags: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    words: fc.option(fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { maxLength: 8 })),
    bytes: fc.option(fc.uint8Array({ maxLength: 200 })),
  });
  fc.assert(
    fc.property(
      fc.array(vma, { maxLength: 12 }),
      fc.constantFrom('2.6.32', '3.10.0', '3.16.7', '4.4.0', '5.10.0', '6.1.0', '6.18.0', '7.3.4', 'x', undefined),
      fc.constantFrom('x86_64', 'i686', 'aarch64', 's390x', 'csky', 'vax', undefined),
      fc.constantFrom('kept', 'lost', 'unknown'),
      fc.constantFrom('proc', 'bundle', 'core', 'criu-image'),
      fc.constantFrom('4.2', '3.17.1', '2.0', '0.6', 'x'),
      (list, release, machine, hintTest, source, criu) => {
        const evidence: Evidence = {
          source,
          takenAt: undefined,
          host: { release, machine, pageSize: 4096, hintTest, reference: new Map([['x86_64', [7n, 8n]]]) },
          process: {
            pid: 1,
            comm: undefined,
            cmdline: undefined,
            startTicks: undefined,
            state: undefined,
            parent: undefined,
            tracer: undefined,
            uid: undefined,
            kernelThread: undefined,
          },
          vmas: list.map(({ start, pages, name, flags: [read, write, execute, shared] }) => ({
            start,
            end: start + pages * page,
            read: read ?? false,
            write: write ?? false,
            execute: execute ?? false,
            shared: shared ?? false,
            offset: 0n,
            device: name.startsWith('/') ? 'fe:00' : '00:00',
            inode: name.startsWith('/') ? 5n : 0n,
            name,
          })),
          smaps: undefined,
          pagemap: new Map(
            list.flatMap(({ start, words }) => (words === null ? [] : [[start, BigUint64Array.from(words)]])),
          ),
          kpageflags: new Map(),
          bytes: new Map(list.flatMap(({ start, bytes }) => (bytes === null ? [] : [[start, bytes]]))),
          auxv: undefined,
          namespaces: new Map(),
          contextVdso: undefined,
          faultedPages: false,
          unread: [],
        };
        const verdict = judge(evidence);
        const outcome = forecast(evidence, verdict, criu);
        if (verdict.vdso) assert.ok(verdict.mappings.some(({ start }) => start === verdict.vdso?.start));
        if (outcome.dump === 'fail' || outcome.dump === 'fail-kills') assert.equal(outcome.restore, null);
        else if (outcome.dump === undefined) assert.equal(outcome.restore, undefined);
      },
    ),
    { numRuns: fuzzRuns(1000) },
  );
});
