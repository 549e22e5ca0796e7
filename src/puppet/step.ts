import type { Operation } from './layout.js';
import type { SyscallName } from './syscalls.js';

/**
 * An argument: a number, an address, or bytes (a string gets its terminating NUL) that are put behind the records and
 * passed by address; `{ step }` is the address of a step's record.
 */
export type Argument = bigint | number | string | Uint8Array | { readonly step: number };

/** One thing a test process does. */
export interface Step {
  readonly operation: Operation;
  /** System call by name or number; function: its address. */
  readonly number: SyscallName | number | bigint;
  readonly args: readonly Argument[];
  /** split: the step the parent goes on with. */
  readonly parentStep?: number;
}

/** A system call. */
export const call = (number: SyscallName | number, ...args: readonly Argument[]): Step => ({
  operation: 'call',
  number,
  args,
});

/** Copies bytes inside the process; a fault kills it, as it should. */
export const copy = (to: Argument, from: Argument, length: number): Step => ({
  operation: 'copy',
  number: 0,
  args: [to, from, length],
});
