import { type Argument, call, type Step } from '../../src/puppet/step.js';
import type { SyscallName } from '../../src/puppet/syscalls.js';

/** A system call of an x86_64 process through int 0x80, with i386 numbers. */
export const interrupt = (number: number, ...args: readonly Argument[]): Step => ({
  operation: 'interrupt',
  number,
  args,
});

/** A system call that makes a task: the child goes on with the next step, the parent with `parentStep`. */
export const split = (parentStep: number, number: SyscallName | number, ...args: readonly Argument[]): Step => ({
  ...call(number, ...args),
  operation: 'split',
  parentStep,
});

/** Goes back to a step until what lies between has been done `times` times in all. */
export const loop = (toStep: number, times: number): Step => ({
  operation: 'loop',
  number: 0,
  args: [{ step: toStep }, times],
});
