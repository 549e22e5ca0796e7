/** A word of the filter: must be found, or must not be. */
export interface FilterWord {
  readonly text: string;
  readonly wanted: boolean;
}

/** Words that must all be found; one that starts with "!" must not be. */
export const wordsOf = (filter: string): readonly FilterWord[] =>
  filter
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '' && word !== '!')
    .map((word) => (word.startsWith('!') ? { text: word.slice(1), wanted: false } : { text: word, wanted: true }));

/** Does a text in lower case have what is wanted, and nothing that is not? */
export const hasWords = (haystack: string, words: readonly FilterWord[]): boolean =>
  words.every(({ text, wanted }) => haystack.includes(text) === wanted);
