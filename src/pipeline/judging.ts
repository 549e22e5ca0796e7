import type { JudgeContext } from '../judge/context.js';
import { judge } from '../judge/judge.js';
import { judgeByKind } from '../judge/kinds.js';
import { AT_SYSINFO_EHDR, type Evidence } from '../model/evidence.js';
import { changeEvidence } from './evidence-copy.js';
import type { Judge } from './judged.js';

/**
 * The judge for many processes: an ordinary one, with nothing known beside its evidence that contradicts it, is judged
 * as its kind (judge/kinds.ts). What a probe saw agrees with its auxv then, and adds nothing to the verdict.
 */
export const judging = (): Judge => {
  const byKind = judgeByKind();
  return (evidence, context) =>
    isPlain(evidence, context)
      ? byKind(evidence.contextVdso === undefined ? evidence : changeEvidence(evidence, { contextVdso: undefined }))
      : judge(evidence, context);
};

const isPlain = ({ onlyBlock, auxv, contextVdso }: Evidence, { moves, placedAt }: JudgeContext): boolean => {
  if (onlyBlock !== true || (moves !== undefined && moves.length > 0)) return false;
  const put = auxv?.entries.get(AT_SYSINFO_EHDR);
  return [contextVdso, placedAt].every((place) => place === undefined || place === put);
};
