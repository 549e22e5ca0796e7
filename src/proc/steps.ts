/**
 * Work that may take long, in steps of a few milliseconds: the event loop may run at each `yield`. Most processes are
 * read in no step at all; one with 65,000 mappings takes a hundred.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all of it at once. */
export const finish = <T>(steps: Steps<T>): T => {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};
