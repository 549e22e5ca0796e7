import type { PolicyVerdict } from '../../model/verdict.js';
import type { CriuVersion } from '../criu/version.js';
import type { Space } from '../space.js';
import { CURRENT_CRIU, runPolicy, type Truth } from './policy.js';

/**
 * VDSO_NO_CHECK: what the kernel calls [vdso] and is readable and executable is the vDSO (handle_vdso_vma). CRIU 3.5 and
 * later do so where its hint test passed (ff28da950), and for every 32-bit task.
 */
export const hintPolicy = (space: Space, truth: Truth, version: CriuVersion = CURRENT_CRIU): PolicyVerdict =>
  runPolicy(space, truth, version, undefined, {
    decided: 'takes what the kernel names [vdso] and is readable and executable',
    undecided: 'cannot decide',
  });
