/** A little BTF, as the kernel writes it: for machines that the tests make up. */

/** Member name -> offset in bytes and type; '' is an unnamed member. */
export interface StructShape {
  readonly [name: string]: readonly [offset: number, type: Shape];
}
export type Shape =
  | { readonly kind: 'int'; readonly size: number; readonly signed: boolean }
  | { readonly kind: 'pointer'; readonly to: Shape }
  | { readonly kind: 'alias'; readonly of: Shape }
  | { readonly kind: 'struct'; readonly name: string; readonly members: StructShape };

export const u32: Shape = { kind: 'int', size: 4, signed: false };
export const i32: Shape = { kind: 'int', size: 4, signed: true };
export const u64: Shape = { kind: 'int', size: 8, signed: false };
export const pointerTo = (to: Shape): Shape => ({ kind: 'pointer', to });
/** A typedef. */
export const alias = (of: Shape): Shape => ({ kind: 'alias', of });
export const struct = (name: string, members: StructShape): Shape => ({ kind: 'struct', name, members });

export const buildBtf = (roots: readonly Shape[], little = true): Buffer => {
  const strings: Buffer[] = [Buffer.alloc(1)];
  let stringsLength = 1;
  const text = (value: string): number => {
    if (value === '') return 0;
    const at = stringsLength;
    strings.push(Buffer.from(`${value}\0`));
    stringsLength += value.length + 1;
    return at;
  };
  const words = (...values: readonly number[]): Buffer => {
    const buffer = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => {
      if (little) buffer.writeUInt32LE(value >>> 0, 4 * index);
      else buffer.writeUInt32BE(value >>> 0, 4 * index);
    });
    return buffer;
  };
  const types: Buffer[] = [];
  const put = (encoded: Buffer): number => types.push(encoded);
  const info = (kind: number, count = 0): number => (kind << 24) | count;
  const add = (shape: Shape): number => {
    switch (shape.kind) {
      case 'int':
        return put(words(text('int'), info(1), shape.size, (shape.signed ? 1 << 24 : 0) | (shape.size * 8)));
      case 'pointer':
        return put(words(0, info(2), add(shape.to)));
      case 'alias':
        return put(words(text('alias_t'), info(8), add(shape.of)));
      case 'struct': {
        const members = Object.entries(shape.members).map(([name, [offset, type]]) =>
          words(text(name), add(type), offset * 8),
        );
        return put(Buffer.concat([words(text(shape.name), info(4, members.length), 4096), ...members]));
      }
    }
  };
  for (const root of roots) add(root);
  const typeBytes = Buffer.concat(types);
  const stringBytes = Buffer.concat(strings);
  const head = Buffer.alloc(8);
  if (little) head.writeUInt16LE(0xeb9f, 0);
  else head.writeUInt16BE(0xeb9f, 0);
  head[2] = 1;
  if (little) head.writeUInt32LE(24, 4);
  else head.writeUInt32BE(24, 4);
  const rest = words(0, typeBytes.length, typeBytes.length, stringBytes.length);
  return Buffer.concat([head, rest, typeBytes, stringBytes]);
};
