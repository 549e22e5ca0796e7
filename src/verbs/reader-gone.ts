/**
 * `vdsowatch ps | head`: the reader of standard output has seen enough and gone. That is no failure: stop at once and
 * without a word. Only for verbs that print and end; a verb that goes on stops what it started first, by itself.
 */
export const stopWithoutReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
};
