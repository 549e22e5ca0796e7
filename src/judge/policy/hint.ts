import type { PolicyVerdict } from '../../model/verdict.js';
import type { Space } from '../space.js';
import { type PolicyCase, runPolicy } from './policy.js';

/**
 * VDSO_NO_CHECK: what the kernel calls [vdso] and is readable and executable is the vDSO (handle_vdso_vma). CRIU 3.5 and
 * later do so where its hint test passed (ff28da950), and for every 32-bit task.
 */
export const hintPolicy = (space: Space, truth: PolicyCase): PolicyVerdict =>
  space.evidence.namesBy === 'criu'
    ? { decision: undefined, right: undefined, why: 'an image does not keep what the kernel named', criuMessages: [] }
    : runPolicy(space, truth, undefined, {
        decided: 'takes what the kernel names [vdso] and is readable and executable',
        undecided: 'cannot decide',
      });
