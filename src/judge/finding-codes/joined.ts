import { code, type FindingCode } from './code.js';

/** Codes of what only several sources together tell; part of the one list in judge/finding-codes.ts. */
export const JOINED_FINDING_CODES = {
  'content-lost': code(
    'error',
    "What was written into the vDSO is gone: a restore put the kernel's pages back.",
    'Write it again after every restore (a hook: install it again); dump without it.',
  ),
  'content-in-proxy': code(
    'warning',
    'What was written into the vDSO is in the dumped copy, where a restore wrote its jumps over functions.',
    'Look whether it is still called; install a hook again after a restore.',
  ),
  'permissions-lost': code(
    'warning',
    'The restored vDSO has other permissions than the dumped one.',
    'Set them again.',
  ),
  'choice-wrong': code(
    'error',
    'What was seen before the dump shows that CRIU took the wrong mapping for the vDSO, or missed the right one.',
    'Do not rely on this image; dump again with CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
} as const satisfies Record<string, FindingCode>;
