import type { PolicyVerdict } from '../../model/verdict.js';
import type { Space } from '../space.js';
import { type PolicyCase, runPolicy } from './policy.js';

/**
 * VDSO_NO_CHECK: what the kernel calls [vdso] and is readable and executable is the vDSO (handle_vdso_vma). CRIU 3.5 and
 * later do so where its hint test passed (ff28da950), and for every 32-bit task.
 */
export const hintPolicy = (space: Space, truth: PolicyCase): PolicyVerdict => {
  const { namesBy, source } = space.evidence;
  if (namesBy === 'criu') return undecided('an image does not keep what the kernel named');
  if (source === 'core') return undecided('a core file does not keep what the kernel named');
  return runPolicy(space, truth, undefined, {
    decided: 'takes what the kernel names [vdso] and is readable and executable',
    undecided: 'cannot decide',
  });
};

const undecided = (why: string): PolicyVerdict => ({ decision: undefined, right: undefined, why, criuMessages: [] });
