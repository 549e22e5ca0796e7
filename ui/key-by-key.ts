import type { Input } from './terminal.js';

/**
 * Escape and the key after it often come in one piece: tmux holds an Escape back for half a second (escape-time, up to
 * 3.4), and so does a slow line. blessed 0.1.81 (lib/keys.js) takes the two for one key with Alt, which here is none,
 * and for an arrow alone where it is one. Nothing here goes by Alt, so they are handed on one by one. Undone by the
 * function that is given back.
 */
export const keyByKey = (input: Input): (() => void) => {
  const emit = input.emit;
  input.emit = (event: string | symbol, ...words: unknown[]): boolean => {
    const [chunk] = words;
    const keys = event === 'data' && Buffer.isBuffer(chunk) ? apart(chunk) : [];
    if (keys.length < 2) return emit.call(input, event, ...words);
    for (const key of keys) emit.call(input, event, key);
    return true;
  };
  return () => {
    input.emit = emit;
  };
};

const apart = (chunk: Buffer): readonly Buffer[] =>
  chunk.includes(ESCAPE)
    ? chunk
        .toString('latin1')
        .split(BEHIND_ESCAPE)
        .map((part) => Buffer.from(part, 'latin1'))
    : [chunk];

const ESCAPE = 0x1b;

/** After an Escape that begins no sequence (CSI, SS2, SS3, and the strings that answer a query: DCS, SOS, OSC, PM, APC). */
const BEHIND_ESCAPE = /(?<=\x1b)(?=[^[NOPX\]^_])/;
