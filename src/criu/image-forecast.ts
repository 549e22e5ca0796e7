import { looksLikeVdso } from '../elf/image.js';
import type { Finding, Forecast, Loss } from '../model/verdict.js';
import { finding } from './finding.js';
import type { ImageLook } from './image-look.js';
import { unproxiedFunctions } from './proxied-symbols.js';
import { type RestoreOutcome, restoreOutcome, type TargetLayout } from './restore-rule.js';
import { usualLayout } from './usual-layout.js';

/** What a restore of this image will give: on `target`, or without one on the kernel it was dumped on. */
export const imageForecast = (look: ImageLook, criu: string, target?: TargetLayout): Forecast => {
  const outcome = imageOutcome(look, target);
  const stopped = look.evidence.process.instructionPointers ?? [];
  const outside = stopped.some((ip) => look.process.areas?.every(({ start, end }) => ip < start || ip >= end));
  const restore = outside && outcome.restore !== 'fail' ? 'crash' : outcome.restore;
  const place = target === undefined ? 'On the kernel it was dumped on' : 'On the target';
  return {
    criu,
    dump: 'ok',
    restore,
    loss: lossOf(look, restore),
    findings: [...restoreFinding(look, outcome, place), ...unproxiedFinding(look, outcome)],
  };
};

/** The rule of restore-rule.ts over what this image holds. */
export const imageOutcome = (look: ImageLook, target?: TargetLayout): RestoreOutcome => {
  const { dumped, evidence, took, process } = look;
  return restoreOutcome({
    vdso: took.vdso,
    vvar: took.vvar,
    compat: process.compat === true,
    parses: dumped?.bytes === undefined ? undefined : dumped.elf !== undefined && looksLikeVdso(dumped.elf) !== 'no',
    image: dumped?.elf?.image,
    symbols: dumped?.elf?.symbols,
    target: target ?? usualLayout(evidence.host.machine, evidence.host.release),
  });
};

/**
 * What is silently different after a restore in place: everything that was the vDSO's own is the kernel's again.
 * Undefined while it is not known whether somebody had written into it.
 */
const lossOf = ({ dumped }: ImageLook, restore: Forecast['restore']): readonly Loss[] | undefined => {
  if (restore !== 'in-place') return restore === undefined ? undefined : [];
  if (dumped?.comparison === undefined) return undefined;
  return [
    ...(dumped.comparison.changed.length > 0 ? (['vdso-content'] as const) : []),
    ...(dumped.area.protection === PROT_READ_EXEC ? [] : (['permissions'] as const)),
  ];
};

const PROT_READ_EXEC = 5;

const RESTORE_WORDS = {
  'in-place': ['info', 'a restore gives it a fresh vDSO at the dumped address'],
  proxy: ['warning', 'a restore keeps the dumped vDSO and lets its functions jump into a fresh one'],
  none: ['info', 'a restore gives it no vDSO'],
  fail: ['error', 'a restore fails'],
  crash: ['error', 'a restore ends with SIGSEGV'],
} as const;

const restoreFinding = (
  look: ImageLook,
  { restore, why, criuMessage }: RestoreOutcome,
  place: string,
): readonly Finding[] => {
  if (restore === undefined) return [];
  const [severity, text] = RESTORE_WORDS[restore];
  return [
    finding(
      `image-restores-${restore}`,
      severity,
      look.dumped?.area.start,
      `${place}, ${text}: ${why}.`,
      [],
      criuMessage,
    ),
  ];
};

/** Functions the dumped vDSO exports that no proxy redirects: they go on with old code over pages that are no vvar. */
const unproxiedFinding = ({ dumped }: ImageLook, { restore }: RestoreOutcome): readonly Finding[] => {
  if (restore !== 'proxy' || dumped?.elf === undefined) return [];
  const left = unproxiedFunctions(dumped.elf.image, dumped.elf.symbols)?.filter((name) => name.startsWith('__'));
  if (left === undefined || left.length === 0) return [];
  const text = `A proxy leaves ${left.join(', ')} as they are: their old code then reads pages that are no vvar.`;
  return [
    finding('proxy-leaves-functions', 'warning', dumped.area.start, text, ['pages: symbol table of the dumped vDSO']),
  ];
};
