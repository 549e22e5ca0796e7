/**
 * Machine code without an assembler: a listing of lines, each the bytes and what they mean. `name:` sets a label;
 * `>name` in the bytes stands for a relative jump target of one byte, `>>name` of four, both counted from the end of
 * the line (x86); a word function computes one 32-bit instruction from the distance to a label (arm64).
 */
export type Listing = readonly Line[];
type Line = readonly [bytes: string, meaning: string] | readonly [word: WordWithTarget, meaning: string] | string;

/** One fixed-width instruction that needs the distance in bytes from itself to a label. */
export interface WordWithTarget {
  readonly target: string;
  readonly encode: (distance: number) => number;
}

/** Four bytes, little endian, as listing text. */
export const imm32 = (value: number | bigint): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(value))));
  return bytes.toString('hex');
};

/** Bytes of a listing. Throws on an unknown label or a jump that does not reach: a bug in the listing, not input. */
export const assemble = (listing: Listing): Buffer => {
  const labels = labelOffsets(listing);
  const find = (name: string): number => {
    const offset = labels.get(name);
    if (offset === undefined) throw new Error(`no label ${name} in the listing`);
    return offset;
  };
  const parts: Buffer[] = [];
  let offset = 0;
  for (const line of listing) {
    if (typeof line === 'string') continue;
    const end = offset + lengthOf(line[0]);
    parts.push(encode(line[0], offset, end, find));
    offset = end;
  }
  return Buffer.concat(parts);
};

const labelOffsets = (listing: Listing): ReadonlyMap<string, number> => {
  const labels = new Map<string, number>();
  let offset = 0;
  for (const line of listing) {
    if (typeof line === 'string') labels.set(line.replace(/:$/, ''), offset);
    else offset += lengthOf(line[0]);
  }
  return labels;
};

const lengthOf = (code: string | WordWithTarget): number =>
  typeof code === 'string'
    ? code
        .split(' ')
        .reduce((sum, part) => sum + (part.startsWith('>>') ? 4 : part.startsWith('>') ? 1 : part.length / 2), 0)
    : 4;

const encode = (code: string | WordWithTarget, start: number, end: number, find: (name: string) => number): Buffer => {
  if (typeof code !== 'string') return Buffer.from(imm32(code.encode(find(code.target) - start)), 'hex');
  const parts = code.split(' ').map((part) => {
    if (part.startsWith('>>')) return Buffer.from(imm32(find(part.slice(2)) - end), 'hex');
    if (!part.startsWith('>')) return Buffer.from(part, 'hex');
    const near = Buffer.alloc(1);
    near.writeInt8(find(part.slice(1)) - end);
    return near;
  });
  return Buffer.concat(parts);
};
