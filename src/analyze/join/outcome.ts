import type { LogFinding } from '../../criu/log/log.js';
import type { Verdict } from '../../model/verdict.js';
import type { Witness } from './witness.js';

/** What a restore did with the vDSO, as its log says, else as the restored process shows. */
export type Outcome = 'in-place' | 'proxy' | 'none' | 'failed' | undefined;

/** `after`: of what was restored; undefined: not seen, and then the log alone speaks. Undefined: neither tells. */
export const outcomeOf = (image: Witness | undefined, after: Verdict | undefined): Outcome => {
  const lines = restoreLines(image);
  const codes = new Set(lines.map(({ code }) => code));
  if (codes.has('vdso-missing') || codes.has('killed') || image?.criu?.logs.restore?.ended === 'failure')
    return 'failed';
  if (codes.has('in-place')) return 'in-place';
  if (codes.has('proxy')) return 'proxy';
  if (codes.has('none-in-image')) return 'none';
  if (after === undefined) return undefined;
  if (after.mappings.some((mapping) => mapping.class === 'criu-runtime')) return 'proxy';
  return after.vdso === undefined ? undefined : after.vdso === null ? 'none' : 'in-place';
};

/** Lines of restore.log that are about this process. */
export const restoreLines = (image: Witness | undefined): readonly LogFinding[] =>
  linesOf(image?.criu?.logs.restore, image);

/** Lines of dump.log that are about this process. */
export const dumpLines = (image: Witness | undefined): readonly LogFinding[] => linesOf(image?.criu?.logs.dump, image);

const linesOf = (log: { readonly findings: readonly LogFinding[] } | undefined, image: Witness | undefined) => {
  const pid = image?.judged.evidence.process.pid;
  return log?.findings.filter((line) => line.pid === pid) ?? [];
};
