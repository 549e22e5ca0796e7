import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judge } from '../../src/judge/judge.js';
import type { Verdict } from '../../src/model/verdict.js';
import { hex } from '../../src/text/hex.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { poorer, REMOVALS } from '../judge/removals.js';
import { caseDirectories, isRecord, onlyProcess, readJson } from './runner.js';

// What is claimed of a captured process must be true however little of its evidence is left: fields may become unknown,
// a likely class may be the plainer one, nothing may become false.

const cases = new Map(
  await Promise.all(
    caseDirectories().map(
      async (directory) =>
        [
          directory.split('/').at(-1) ?? '',
          { evidence: await onlyProcess(`${directory}/bundle`), truth: readJson(`${directory}/expect.json`) },
        ] as const,
    ),
  ),
);

test('with any part of the evidence missing, no claim contradicts the truth', () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases.keys()), fc.subarray(Object.keys(REMOVALS)), (name, removals) => {
      const one = cases.get(name);
      assert.ok(one !== undefined);
      const verdict = judge(poorer(one.evidence, removals));
      for (const lie of contradictions(verdict, one.truth)) assert.fail(`${name} without ${removals.join(', ')}: ${lie}`);
    }),
    { numRuns: fuzzRuns(3000) },
  );
});

const contradictions = (verdict: Verdict, truth: Record<string, unknown>): readonly string[] => {
  const lies: string[] = [];
  const { vdso } = verdict;
  const real = truth['vdso'];
  if (real !== undefined && vdso !== undefined) {
    if ((vdso === null) !== (real === null)) lies.push(`vdso is ${vdso === null ? 'null' : hex(vdso.start)}`);
    else if (vdso !== null && isRecord(real)) {
      if (hex(vdso.start) !== real['start']) lies.push(`vdso is at ${hex(vdso.start)}`);
      for (const field of ['image', 'moved', 'modifiedPages', 'vvarAttached'] as const) {
        const claim = JSON.stringify(vdso[field]);
        if (field in real && claim !== undefined && claim !== JSON.stringify(real[field])) lies.push(`${field} is ${claim}`);
      }
    }
  }
  if (truth['hint'] !== undefined && verdict.hint !== undefined && verdict.hint !== truth['hint']) {
    lies.push(`hint is ${verdict.hint}`);
  }
  const classes = truth['mappings'];
  for (const mapping of verdict.mappings) {
    const wanted = isRecord(classes) ? classes[hex(mapping.start)] : undefined;
    if (wanted === undefined || wanted === mapping.class) continue;
    const plainer = mapping.confidence === 'likely' && PLAINER.get(String(wanted)) === mapping.class;
    if (!plainer) lies.push(`${hex(mapping.start)} is ${mapping.confidence} ${mapping.class}`);
  }
  return lies;
};

/** Without its bytes a runtime vDSO is a vDSO, and a proxy a nameless copy. */
const PLAINER = new Map([
  ['criu-runtime', 'genuine'],
  ['criu-proxy', 'decoy'],
]);
