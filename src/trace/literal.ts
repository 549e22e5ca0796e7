/** Text of at least four bytes, as the words that are compared: four bytes at once take a third of the time. */
export interface Literal {
  readonly length: number;
  readonly words: Int32Array;
}

/** `text`: ASCII, at least four characters. */
export const literal = (text: string): Literal => {
  const written = Buffer.from(text, 'latin1');
  const count = Math.ceil(text.length / 4);
  return {
    length: text.length,
    words: Int32Array.from({ length: count }, (_, index) => written.readInt32LE(at(index, count, text.length))),
  };
};

/** Where the words of a literal lie; the last one ends where it ends. */
const at = (index: number, count: number, length: number): number => (index === count - 1 ? length - 4 : index * 4);

export interface Choice<T> {
  readonly written: Literal;
  readonly value: T;
}

/** Each choice is followed by a quote. */
export const choices = <const T extends string>(...texts: readonly T[]): readonly Choice<T>[] =>
  texts.map((value) => ({ written: literal(`${value}"`), value }));
