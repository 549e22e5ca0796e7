/**
 * A string as JSON in pure ASCII: every other character as \uXXXX. Text from a process is held as latin1, one char a
 * byte, and comes back exactly so; the file reads the same whatever encoding a tool expects.
 */
export const jsonText = (text: string): string => {
  const quoted = JSON.stringify(text);
  return ASCII.test(quoted) ? quoted : quoted.replace(OTHERS, escaped);
};

/** The same for anything JSON can hold. */
export const jsonOf = (value: unknown): string => {
  const text = JSON.stringify(value);
  return ASCII.test(text) ? text : text.replace(OTHERS, escaped);
};

const ASCII = /^[ -~]*$/;
// Line breaks inside strings are escaped by JSON.stringify; DEL and everything above it is left to do.
const OTHERS = /[^ -~]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
