import type { Forecast, Loss } from '../../model/verdict.js';
import type { RuleOutcome } from './restore-rule.js';

/** Whether the task goes on after a restore, as far as the restore is known. */
const goesOn = (restore: Forecast['restore']): boolean =>
  restore === 'in-place' || restore === 'proxy' || restore === 'none';

/** Where the threads of a task stopped. */
export interface Standing {
  /** In memory that is not restored; a clause that says where. */
  readonly nowhere: string | undefined;
  /** In code of the vDSO that somebody wrote, where a restore in place puts the kernel's; likewise. */
  readonly written: string | undefined;
}

/** An instruction pointer is saved as it is, so where the threads stopped may undo a restore that works. */
export const withThreads = <O extends RuleOutcome>(outcome: O, { nowhere, written }: Standing): O => {
  if (!goesOn(outcome.restore)) return outcome;
  // CRIU says nothing of it.
  if (nowhere !== undefined) return { ...outcome, restore: 'crash', text: nowhere, line: undefined };
  return outcome.restore === 'in-place' && written !== undefined
    ? { ...outcome, restore: undefined, text: written }
    : outcome;
};

/** What of a task a restore may change without a word. */
export interface AtStake {
  /** Somebody wrote into the vDSO that a restore in place replaces. */
  readonly written: boolean | undefined;
  /** That vDSO is writable. */
  readonly writable: boolean;
  /** The vDSO is in the image as plain memory, and not all of its pages are. */
  readonly cut: boolean | undefined;
  /** Memory that only begins like a runtime vDSO is not in the image. */
  readonly leftOut: boolean | undefined;
}

/**
 * What is different after a restore that works, without a word in the log: in place, the kernel's own pages and r-x come
 * back whatever was there; what the dump left out is gone either way. Undefined: not known.
 */
export const lossRule = (
  restore: Forecast['restore'],
  { written, writable, cut, leftOut }: AtStake,
): readonly Loss[] | undefined => {
  const inPlace = restore === 'in-place';
  if (!goesOn(restore) || cut === undefined || leftOut === undefined) return undefined;
  if (inPlace && written === undefined) return undefined;
  return [
    ...(cut || (inPlace && written === true) ? (['vdso-content'] as const) : []),
    // What was not writable is given back as it was (the last loop over the mappings, criu/pie/restorer.c).
    ...(inPlace && writable ? (['permissions'] as const) : []),
    ...(leftOut ? (['memory'] as const) : []),
  ];
};
