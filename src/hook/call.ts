import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';

/** How CRIU called us (run_scripts, criu/action-scripts.c). */
export interface HookCall {
  readonly action: string;
  /** /proc/<pid of criu>/fd/<n>: good as long as that criu lives, and gone already at post-resume. */
  readonly images: string | undefined;
  /** Root of the dumped or restored tree, as our /proc numbers it; CRIU does not tell it before restoring. */
  readonly root: number | undefined;
  readonly criuPid: number | undefined;
}

/** The environment of an action script; fails when there is none: nobody but CRIU should call a hook. */
export const hookCall = (environment: Readonly<Record<string, string | undefined>>): Outcome<HookCall> => {
  const action = environment['CRTOOLS_SCRIPT_ACTION'];
  if (action === undefined || action === '')
    return failed(
      failure('usage', 'This is for CRIU to call (CRTOOLS_SCRIPT_ACTION is not set).', 'See `vdsowatch hook --help`.'),
    );
  const images = environment['CRTOOLS_IMAGE_DIR'] || undefined;
  const root = environment['CRTOOLS_INIT_PID'] ?? '';
  if (root !== '' && !PID.test(root))
    return failed(failure('usage', `CRTOOLS_INIT_PID is no process id: "${escapeText(root)}".`));
  const criu = /^\/proc\/([1-9]\d{0,9})\/fd\/\d+$/.exec(images ?? '')?.[1];
  return success({
    action,
    images,
    root: root === '' ? undefined : Number(root),
    criuPid: criu === undefined ? undefined : Number(criu),
  });
};

/** Called by CRIU for nothing that is looked at: then there is nothing to do. */
export const isIdle = (environment: Readonly<Record<string, string | undefined>>): boolean => {
  const action = environment['CRTOOLS_SCRIPT_ACTION'] ?? '';
  return action !== '' && !LOOKED_AT.has(action);
};

const LOOKED_AT = new Set(['pre-dump', 'post-dump', 'pre-resume']);

const PID = /^[1-9]\d{0,9}$/;
