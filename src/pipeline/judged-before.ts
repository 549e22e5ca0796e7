import type { JudgeContext } from '../judge/context.js';
import type { Evidence } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';
import { isVdsoNamed } from '../model/vma.js';
import type { Judge } from './judged.js';

/**
 * The judge for readings that mostly show what was shown before: an `unchanged` one shares everything but its time with
 * the one it names, and the same reading is judged again for each frame with late events. Nothing of that makes another
 * verdict. The answer is a new object each time: it is about another moment.
 */
export const judgedBefore = (judge: Judge): Judge => {
  const known = new WeakMap<object, Case>();
  return (evidence, context) => {
    const { vmas } = evidence;
    const before = vmas === undefined ? undefined : known.get(vmas);
    if (before !== undefined && isSameCase(before, evidence, context)) return { ...before.verdict };
    const verdict = judge(evidence, context);
    if (vmas !== undefined) known.set(vmas, { evidence, context, verdict });
    return verdict;
  };
};

interface Case {
  readonly evidence: Evidence;
  readonly context: JudgeContext;
  readonly verdict: Verdict;
}

const isSameCase = (before: Case, evidence: Evidence, context: JudgeContext): boolean =>
  isSameReading(before.evidence, evidence) && isSameContext(before.context, context);

/**
 * Is it the one that an `unchanged` line names, at another time? The kernel's pointer is asked only which of two
 * mappings of that name is meant (judge/classify-by-name.ts).
 */
export const isSameReading = (one: Evidence, other: Evidence): boolean =>
  one.process === other.process &&
  one.vmas === other.vmas &&
  one.auxv === other.auxv &&
  one.pagemap === other.pagemap &&
  one.kpageflags === other.kpageflags &&
  one.smaps === other.smaps &&
  one.bytes === other.bytes &&
  one.namespaces === other.namespaces &&
  one.unread === other.unread &&
  one.host === other.host &&
  one.source === other.source &&
  one.onlyBlock === other.onlyBlock &&
  one.namesBy === other.namesBy &&
  one.faultedPages === other.faultedPages &&
  (one.contextVdso === other.contextVdso || (one.vmas?.filter(isVdsoNamed).length ?? 0) <= 1);

/** Of the moves the judge names who made the last one (judge/findings-vdso.ts). */
const isSameContext = (one: JudgeContext, other: JudgeContext): boolean => {
  const [last, otherLast] = [one.moves?.at(-1), other.moves?.at(-1)];
  return (
    one.placedAt === other.placedAt &&
    last?.pid === otherLast?.pid &&
    last?.comm === otherLast?.comm &&
    one.kernelTruth === other.kernelTruth &&
    one.baselines === other.baselines &&
    one.hostGivesVdso === other.hostGivesVdso
  );
};
