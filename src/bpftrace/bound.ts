import { spawnSync } from 'node:child_process';
import { isExecutable } from './on-path.js';

/**
 * The command line that ends by SIGKILL when the process that started it ends, however that comes about
 * (prctl PR_SET_PDEATHSIG, by setpriv of util-linux 2.33 or later, which becomes the command itself). The closed pipe
 * ends an orphaned bpftrace only at its next write, and bpftrace 0.17 was seen to stop writing for good after its
 * ring had overflowed. Without such a setpriv (busybox) the pipe has to do.
 */
export const boundToUs = (program: string, args: readonly string[]): readonly [string, readonly string[]] =>
  isExecutable(program) && canBind() ? ['setpriv', [...DIE_WITH_PARENT, program, ...args]] : [program, args];

const DIE_WITH_PARENT = ['--pdeathsig', 'KILL', '--'];

let bindable: boolean | undefined;

/** Is there such a setpriv? Asked once. */
export const canBind = (): boolean => {
  bindable ??= spawnSync('setpriv', [...DIE_WITH_PARENT, 'true'], { stdio: 'ignore' }).status === 0;
  return bindable;
};
