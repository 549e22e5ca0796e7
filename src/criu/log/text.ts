/**
 * The text of a log file: UTF-8 or plain bytes, with or without a byte order mark, UTF-16 in either order (what some
 * terminals and editors save), any line ends, colours removed. Bytes that are no text stay as latin1.
 */
export const logText = (bytes: Uint8Array): string => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = decoded(buffer);
  return text.includes('\u001b') ? text.replace(COLOURS, '') : text;
};

const COLOURS = /\u001b\[[0-9;]{0,16}m/g;

const decoded = (bytes: Buffer): string => {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le', 2);
  if (first === 0xfe && second === 0xff) return swapped(bytes.subarray(2));
  if (first === 0xef && second === 0xbb && bytes[2] === 0xbf) return bytes.toString('latin1', 3);
  // A log begins with a character of ASCII: a zero beside it tells UTF-16 without a mark.
  if (first !== 0 && second === 0 && bytes.length > 3) return bytes.toString('utf16le');
  if (first === 0 && second !== 0 && bytes.length > 3) return swapped(bytes);
  return bytes.toString('latin1');
};

const swapped = (bytes: Buffer): string =>
  Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le');

/** Lines, with what the restorer's small buffer tore apart put together again; see `joinTorn`. */
export const logLines = (text: string): string[] =>
  joinTorn(text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n'));

/**
 * The restorer and the parasite write through a buffer of a few dozen bytes: a longer line ends in ">" and goes on in
 * the next one after a prefix of its own (compel/plugins/std/log.c, sbuf_putc). Emptied lines keep the numbers right.
 */
const joinTorn = (lines: string[]): string[] => {
  for (let index = 0; index + 1 < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const head = line.endsWith('>') ? PIE_LINE.exec(line) : null;
    if (head === null) continue;
    let next = index + 1;
    while ((lines[index] ?? '').endsWith('>') && next < lines.length) {
      const more = PIE_LINE.exec(lines[next] ?? '');
      if (more === null || more[1] !== head[1]) break;
      lines[index] = `${(lines[index] ?? '').slice(0, -1)}${(lines[next] ?? '').slice(more[0].length)}`;
      lines[next] = '';
      next += 1;
    }
  }
  return lines;
};

const PIE_LINE = /^(?:\(\d{2,}\.\d{6}\) )?pie: ?(?:(\d{1,10}): )?/;
