import stringWidth from 'string-width';

/**
 * Text to terminal cells. Everything that reaches the screen passes `guard`, whoever wrote it: only characters whose
 * width terminals, old tables (those of blessed, 2013) and string-width agree on, and that no terminal reorders or acts
 * on, are let through. The rest is shown as \xNN or \u{...}. test/ui/cells.test.ts compares two of them on every one.
 */
export const guard = (text: string, unicode = true): string =>
  PLAIN.test(text) ? text : text.replace(unicode ? NOT_AGREED : NOT_ASCII, escaped);

/** Width in cells of guarded text. */
export const cellWidth = (text: string): number => (NARROW.test(text) ? text.length : stringWidth(text));

/** At most `width` cells of guarded text; where something had to go, the last cell says so. */
export const cut = (text: string, width: number, ellipsis: string): string => {
  if (width <= 0) return '';
  if (cellWidth(text) <= width) return text;
  if (PLAIN.test(text)) return text.slice(0, width - 1) + ellipsis;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const wide = cellWidth(character);
    if (used + wide > width - 1) break;
    kept += character;
    used += wide;
  }
  return kept + ellipsis;
};

/** At most the last `width` cells of guarded text, for what is being typed; the first cell says that something is missing. */
export const cutLeft = (text: string, width: number, ellipsis: string): string => {
  if (width <= 0) return '';
  if (cellWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of [...text].reverse()) {
    const wide = cellWidth(character);
    if (used + wide > width - 1) break;
    kept = character + kept;
    used += wide;
  }
  return ellipsis + kept;
};

/** Exactly `width` cells of guarded text. */
export const fit = (text: string, width: number, ellipsis: string, align: 'left' | 'right' = 'left'): string => {
  const short = cut(text, width, ellipsis);
  const blank = ' '.repeat(Math.max(0, width - cellWidth(short)));
  return align === 'left' ? short + blank : blank + short;
};

/** Breaks guarded text at blanks into lines of at most `width` cells; words longer than a line are broken anywhere. */
export const wrap = (text: string, width: number): readonly string[] => {
  if (width < 1) return [];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (cellWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = split(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  return [...lines, line];
};

const split = (word: string, width: number): readonly string[] => {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece !== '' && cellWidth(piece) + cellWidth(character) > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
};

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
};

const PLAIN = /^[ -~]*$/;
const NOT_ASCII = /[^ -~]/gu;

// Let through: Latin, Greek, Cyrillic, dashes and quotes, arrows, lines and blocks (what the screen itself draws),
// kana, bopomofo, Han, Hangul syllables, full-width forms. Not: combining marks, right-to-left scripts (terminals
// reorder the digits beside them), jamo (some terminals join them), emoji (one cell for old terminals, two for others).
const ONE_CELL = [
  ' -~',
  '\\u00a1-\\u00ac\\u00ae-\\u024f',
  '\\u0391-\\u03a1\\u03a3-\\u03c9',
  '\\u0400-\\u0482\\u048a-\\u052f',
  '\\u2010-\\u2027',
  '\\u2190-\\u2193',
  '\\u22ee',
  '\\u2500-\\u257f\\u2580-\\u2595\\u25b2\\u25ba\\u25bc\\u25cf',
].join('');
const TWO_CELLS = [
  '\\u3041-\\u3096\\u30a1-\\u30fa\\u30fc\\u3105-\\u312d',
  '\\u3001-\\u3003\\u300a-\\u3011',
  '\\u3400-\\u4db5\\u4e00-\\u9fcc',
  '\\uac00-\\ud7a3',
  '\\uff01-\\uff60',
].join('');
const NARROW = new RegExp(`^[${ONE_CELL}]*$`);
const NOT_AGREED = new RegExp(`[^${ONE_CELL}${TWO_CELLS}]`, 'gu');
