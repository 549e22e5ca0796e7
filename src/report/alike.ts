import type { Likeness, Told } from '../model/judged.js';

/** `render` for many processes. It must make nothing of pid and name. */
export const renderAlike = (render: (one: Told) => readonly string[]): ((one: Told) => readonly string[]) => {
  const forms = new Map<Likeness, readonly Form[] | undefined>();
  return (one) => {
    const { alike } = one;
    if (alike === undefined) return render(one);
    const { likeness, by } = alike;
    let texts = forms.get(likeness);
    if (texts === undefined && !forms.has(likeness)) {
      texts = formsOf(render(likeness.placed(0n)), render(likeness.placed(PAGE)), PAGE);
      forms.set(likeness, texts);
    }
    return texts === undefined ? render(one) : texts.map((form) => filled(form, by));
  };
};

const PAGE = 0x1000n;

/** A text with its addresses left open: between two literals stands one of them. */
interface Form {
  readonly literals: readonly string[];
  /** Which of `addresses`. */
  readonly open: readonly number[];
  readonly addresses: readonly bigint[];
}

const formsOf = (first: readonly string[], other: readonly string[], by: bigint): readonly Form[] | undefined => {
  if (first.length !== other.length) return undefined;
  const forms = first.map((text, index) => formOf(text, other[index] ?? '', by));
  return forms.every((form) => form !== undefined) ? forms : undefined;
};

/**
 * From the same text of two places, `by` bytes apart: what moved along is an address. Undefined: more than that changed.
 */
export const formOf = (first: string, other: string, by: bigint): Form | undefined => {
  const parts = first.split(HEXADECIMAL);
  const others = other.split(HEXADECIMAL);
  if (parts.length !== others.length) return undefined;
  const literals = [''];
  const open: number[] = [];
  const addresses: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    const moved = others[index];
    if (part === moved) literals.push(`${literals.pop() ?? ''}${part}`);
    else {
      // Every second part is a number.
      const address = index % 2 === 1 ? BigInt(`0x${part}`) : undefined;
      if (address === undefined || address.toString(16) !== part || moved !== (address + by).toString(16))
        return undefined;
      if (!addresses.includes(address)) addresses.push(address);
      open.push(addresses.indexOf(address));
      literals.push('');
    }
  }
  return { literals, open, addresses };
};

const HEXADECIMAL = /([0-9a-f]{4,})/;

/** The text with each address moved by `by` bytes. */
export const filled = ({ literals, open, addresses }: Form, by: bigint): string => {
  let text = literals[0] ?? '';
  if (open.length === 0) return text;
  const digits = addresses.map((address) => (address + by).toString(16));
  for (let index = 0; index < open.length; index += 1) text += `${digits[open[index] ?? 0]}${literals[index + 1]}`;
  return text;
};
