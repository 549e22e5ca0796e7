import { printable } from './escape.js';

/** What the kernel keeps of a program's name (TASK_COMM_LEN is 16, with the end); names of its own threads may be longer. */
const KEPT = 15;

/** Is a process of this name, in printed form, the one that is meant? A longer name is meant by what is kept of it. */
export const isNamed = (shown: string, wanted: string): boolean => {
  if (shown === wanted) return true;
  const bytes = Buffer.from(wanted);
  return bytes.length > KEPT && shown === printable(bytes.subarray(0, KEPT).toString('latin1'));
};
