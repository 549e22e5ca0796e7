/**
 * While the screen is up, nothing may write over it: what goes to stderr (warnings of Node, of libraries) is held
 * and written when the terminal is given back. Bounded; what is dropped is counted.
 */
export const holdStderr = (): (() => void) => {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  const write = stderr.write;
  let held = '';
  let dropped = 0;
  let released = false;
  const hold: typeof stderr.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const room = LIMIT - held.length;
    held += text.slice(0, Math.max(0, room));
    dropped += Math.max(0, text.length - room);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
  stderr.write = hold;
  return () => {
    if (released) return;
    released = true;
    stderr.write = write;
    if (held !== '') stderr.write(held);
    if (dropped > 0) stderr.write(`\n(${dropped} more characters were dropped)\n`);
  };
};

const LIMIT = 65_536;
