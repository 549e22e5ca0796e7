/** A piece of finished HTML; only `html` and `joined` make one, so that text cannot slip in unescaped. */
export interface Markup {
  readonly markup: string;
}

/**
 * Tagged template: every interpolated string is escaped for HTML; pieces of markup are kept as they are. Names from
 * a process are made `printable` before they come here; a control or bidi character that comes all the same is
 * replaced, so that none can reorder the page.
 */
export const html = (parts: TemplateStringsArray, ...values: readonly (string | number | Markup)[]): Markup => ({
  markup: parts.reduce((text, part, index) => {
    const value = values[index - 1];
    return text + (value === undefined ? '' : render(value)) + part;
  }),
});

export const joined = (pieces: readonly Markup[], between = ''): Markup => ({
  markup: pieces.map(({ markup }) => markup).join(between),
});

const render = (value: string | number | Markup): string =>
  typeof value === 'object' ? value.markup : entities(String(value));

const entities = (text: string): string =>
  text.replace(/(?!\n)\p{C}/gu, '\ufffd').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
