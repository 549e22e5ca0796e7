import type { Evidence } from '../model/evidence.js';
import { type Confidence, CURRENT_CRIU, type Hint, type PolicyVerdict, type Verdict } from '../model/verdict.js';
import { classify } from './classify.js';
import type { JudgeContext } from './context.js';
import { collectEntries } from './criu/entry.js';
import { findingsOf } from './findings.js';
import { type Judgement, listMappings } from './mappings.js';
import { imageHasOwnNames } from './naming.js';
import type { Opinion } from './opinion.js';
import { hintPolicy, pfnPolicy, symtablePolicy } from './policy/checks.js';
import { type Space, survey } from './space.js';
import { describeVdso, vdsoPieces } from './vdso-verdict.js';

/**
 * What is true of one address space. Pure: the same evidence and context give the same verdict, in whatever order
 * the VMAs were found. What the evidence does not say stays undefined (facts of the kernel: its naming eras,
 * fs/proc/task_mmu.c get_vma_name, arch/x86 arch_vma_name before 3.16).
 */
export const judge = (evidence: Evidence, context: JudgeContext = {}): Verdict => {
  if (!hasMemory(evidence)) return nothing(evidence, false);
  if (evidence.vmas === undefined) return nothing(evidence, true);
  const space = survey(evidence, context);
  const { judged, undecided } = listMappings(space, classify(space));
  const run = vdsoPieces(space, judged);
  const pieces = run.length > 0 ? run : absent(space, judged, undecided.length > 0);
  const vdso = pieces === null ? null : pieces === undefined ? undefined : describeVdso(space, pieces);
  const truth = { judged, vdso, collected: collectEntries(space, CURRENT_CRIU) };
  const policies = {
    hint: hintPolicy(space, truth),
    pfn: pfnPolicy(space, truth),
    symtable: symtablePolicy(space, truth),
  };
  return {
    vdso,
    hint: hintOf(space, judged, pieces, undecided),
    mappings: judged.map(({ verdict }) => verdict),
    findings: findingsOf(space, { vdso, pieces: pieces ?? [], judged, undecided, policies }),
    policies,
    confidence: confidenceOf(space, pieces),
    abi: space.abi,
    applicable: true,
  };
};

/** Kernel threads and zombies have no user memory: nothing is missing there (a zombie's maps are empty). */
const hasMemory = ({ process, vmas }: Evidence): boolean =>
  process.kernelThread !== true && process.state !== 'Z' && process.state !== 'X' && vmas?.length !== 0;

/** Null: there is no vDSO. Undefined: there may be one among mappings the evidence does not tell apart. */
const absent = (space: Space, judged: readonly Judgement[], undecided: boolean): null | undefined => {
  // A core file leaves mappings out, and an image leaves out the vDSO that a proxy jumps to.
  if (undecided || space.evidence.source === 'core') return undefined;
  if (judged.some(({ verdict }) => verdict.class === 'criu-proxy')) return undefined;
  return null;
};

const confidenceOf = (space: Space, pieces: readonly Judgement[] | null | undefined): Confidence => {
  if (pieces === undefined) return 'unknown';
  if (pieces === null) return space.naming.rule === 'mapping' && space.naming.measured ? 'proven' : 'likely';
  const order: readonly Confidence[] = ['unknown', 'likely', 'proven'];
  return order[Math.min(...pieces.map(({ verdict }) => order.indexOf(verdict.confidence)))] ?? 'unknown';
};

const UNDECIDED: PolicyVerdict = { decision: undefined, right: undefined, why: 'not judged', criuMessages: [] };

const nothing = (evidence: Evidence, applicable: boolean): Verdict => ({
  vdso: undefined,
  hint: undefined,
  mappings: [],
  findings: [],
  policies: { hint: UNDECIDED, pfn: UNDECIDED, symtable: UNDECIDED },
  confidence: 'unknown',
  abi: evidence.vmas === undefined || evidence.vmas.length === 0 ? undefined : survey(evidence, {}).abi,
  applicable,
});

/**
 * Does the kernel's name tell the truth? lost: the vDSO has no name; gained: what is not the vDSO has it. A vDSO in
 * pieces has its name when its first piece has. Undefined while it is not known what each mapping with the name is, and
 * for core files, which hold no such names.
 */
const hintOf = (
  space: Space,
  judged: readonly Judgement[],
  pieces: readonly Judgement[] | null | undefined,
  undecided: readonly Opinion[],
): Hint | undefined => {
  if (space.evidence.source === 'core' || pieces === undefined) return undefined;
  if (undecided.some(({ traits }) => traits.named)) return undefined;
  // An image without its dump.log says what CRIU took, not what the kernel called it; that is known where it follows.
  if (space.evidence.namesBy === 'criu') {
    if (!imageHasOwnNames(space.evidence, space.vmas)) return undefined;
    return pieces === null ? 'none' : pieces[0]?.traits.named === true ? 'ok' : undefined;
  }
  const gained = judged.some(({ traits, verdict }) => traits.named && !isVdso(verdict.class));
  if (pieces === null) return gained ? 'gained' : 'none';
  const lost = !(pieces[0]?.traits.named ?? false);
  if (lost) return gained ? 'lost+gained' : 'lost';
  return gained ? 'gained' : 'ok';
};

const isVdso = (mappingClass: string): boolean => mappingClass === 'genuine' || mappingClass === 'criu-runtime';
