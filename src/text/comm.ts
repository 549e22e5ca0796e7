/** What the kernel keeps of a program's name (TASK_COMM_LEN is 16, with the end); names of its own threads may be longer. */
const KEPT = 15;

/** Is a process of this name, in printed form, the one that is meant? A longer name is meant by what is kept of it. */
export const isNamed = (shown: string, wanted: string): boolean =>
  shown === wanted || (Buffer.byteLength(shown) === KEPT && wanted.startsWith(shown));
