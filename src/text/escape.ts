/**
 * Text from a process is hostile: a newline forges a line, ESC paints the terminal, C1 controls and bidi marks pass
 * most filters, astral characters confuse cell widths. Every such character is shown as an escape instead.
 *
 * C0, DEL: \n \t \x1b; C1, format, bidi, zero-width, private and astral characters: \u{9b}. A backslash becomes
 * \\ so that nothing can pretend to be an escape. Raw bytes kept as latin1 (comm, maps names) go through `utf8` first.
 */
export const escapeText = (text: string): string =>
  text.replace(HOSTILE, (character) => {
    const named = NAMED.get(character);
    if (named !== undefined) return named;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });

const NAMED = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\\', '\\\\'],
]);

// Cc controls, Cf format (bidi, zero-width), Co private, Cn unassigned, Cs lone surrogates, Zl and Zp separators,
// Mn/Me combining marks (they stack on the neighbour cell), every blank but the plain one, and all astral characters.
const HOSTILE = /[\\\p{C}\p{Zl}\p{Zp}\p{Mn}\p{Me}]|[\u{10000}-\u{10ffff}]|(?! )\p{Zs}/gu;

/**
 * Bytes held as latin1 (one char per byte) to readable text: valid UTF-8 is decoded, every other byte becomes \xNN, such
 * as those of the character in the middle of which the kernel cut a comm off. The result is escaped and safe to print.
 */
export const printable = (latin1: string): string => (PLAIN.test(latin1) ? latin1 : latin1.replace(NOT_PLAIN, decoded));

const decoded = (piece: string): string => {
  try {
    return escapeText(STRICT.decode(Buffer.from(piece, 'latin1')));
  } catch {
    // Not UTF-8: nothing to guess, show the bytes.
    return piece.replace(/[\s\S]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  }
};

const PLAIN = /^[ -[\]-~]*$/;
/** What has the shape of one UTF-8 character, else one byte. */
const NOT_PLAIN = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[^ -[\]-~]/g;
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
