import { takeCensus } from '../census/census.js';
import { vdsoFormat } from '../judge/criu/start.js';
import { parseRelease } from '../judge/release.js';
import { type Outcome, success } from '../model/failure.js';
import type { Policies } from '../model/verdict.js';
import { isVvarNamed } from '../model/vma.js';
import { isError, type ProcFiles } from '../proc/door.js';
import { type LocalHost, procContext } from '../proc/host.js';
import { parseMaps } from '../proc/parse/maps.js';
import { candidateAbis } from '../puppet/abi.js';
import { type EraCheck, erasOn } from './criu-eras.js';
import { isMeasured, type MremapTest, testMremap } from './mremap-test.js';
import { criuCandidates, measurePagemap, type PagemapCost, type PagemapQuestions } from './pagemap-cost.js';
import { countPolicies, type PolicyCount } from './policy-count.js';

/** All that `hint` finds out about this host. */
export interface HintFacts {
  readonly host: LocalHost;
  readonly tests: readonly MremapTest[];
  /** Of all ABIs that run: lost where any of them loses it. */
  readonly hint: 'kept' | 'lost' | 'unknown';
  readonly eras: readonly EraCheck[];
  readonly readable: number;
  readonly unreadable: number;
  readonly policies: Readonly<Record<keyof Policies, PolicyCount>>;
  readonly cost: PagemapCost | undefined;
}

/** Runs the mremap test for every ABI of this machine, one after the other. */
export const testAllAbis = async (machine?: string): Promise<readonly MremapTest[]> => {
  const tests: MremapTest[] = [];
  for (const abi of candidateAbis(machine)) tests.push(await testMremap(abi));
  return tests;
};

/** What the tests of all ABIs say together; unknown: none ran to its end. */
export const hintOf = (tests: readonly MremapTest[]): 'kept' | 'lost' | 'unknown' => {
  const measured = tests.filter(isMeasured);
  if (measured.length === 0) return 'unknown';
  return measured.every(({ outcome }) => outcome === 'kept') ? 'kept' : 'lost';
};

/** What each CRIU would do on this host, from the test of its own ABI (the first) and what can be seen. */
export const erasHere = (files: ProcFiles, host: LocalHost, [native]: readonly MremapTest[]): readonly EraCheck[] =>
  erasOn({
    hintReliable: native !== undefined && isMeasured(native) ? native.criuSaysReliable : undefined,
    sealed: native?.outcome === 'sealed',
    pagemapFull: host.privileged,
    hasVclock: ownMappingNames(files).includes('[vvar_vclock]'),
    ...vdsoFormat(host.host.machine, parseRelease(host.host.release)),
  });

/** Measures this host, and counts on the processes running now. */
export const examineHint = async (files: ProcFiles, host: LocalHost): Promise<Outcome<HintFacts>> => {
  const tests = await testAllAbis();
  const hint = hintOf(tests);
  const hintTest = hint;
  const census = await takeCensus(procContext(files, { ...host, host: { ...host.host, hintTest } }));
  if (!census.ok) return census;
  const judged = [...census.value.processes];
  const applicable = judged.filter(({ verdict }) => verdict.applicable);
  const readable = applicable.filter(({ evidence }) => evidence.vmas !== undefined).length;
  const [native] = tests;
  const questions = applicable.flatMap(({ evidence }) => questionsOf(files, evidence.process.pid));
  return success({
    host,
    tests,
    hint,
    eras: erasHere(files, host, tests),
    readable,
    unreadable: applicable.length - readable,
    policies: countPolicies(judged),
    cost: native === undefined ? undefined : await measurePagemap(native.abi, questions, host.host.pageSize),
  });
};

const mapsOf = (files: ProcFiles, pid: number | 'self') => {
  const maps = files.lines(`${files.root}/${pid}/maps`);
  return isError(maps) ? [] : parseMaps(maps.toString('latin1')).vmas;
};

const ownMappingNames = (files: ProcFiles): readonly string[] =>
  mapsOf(files, 'self')
    .filter(isVvarNamed)
    .map(({ name }) => name);

/** Nothing for a process that has no memory or may not be read. */
const questionsOf = (files: ProcFiles, pid: number): readonly PagemapQuestions[] => {
  const vmas = mapsOf(files, pid);
  return vmas.length === 0 ? [] : [{ pid, addresses: criuCandidates(vmas).map(({ start }) => start) }];
};
