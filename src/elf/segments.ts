import type { ElfHeader } from './header.js';
import { asOffset, type ElfReader } from './reader.js';

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_NOTE = 4;

export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** Program headers that lie in the bytes, in order. A vDSO has four to six. */
export const readSegments = (header: ElfHeader, { u32, word }: ElfReader): readonly Segment[] => {
  const { offset, size, count } = header.programHeaders;
  const wide = header.bits === 64;
  const whole = wide ? 56 : 32;
  if (size < whole || count > 64) return [];
  const segments: Segment[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * size;
    const type = u32(at);
    const from = asOffset(word(at + (wide ? 8 : 4)));
    const address = word(at + (wide ? 16 : 8));
    const fileSize = asOffset(word(at + (wide ? 32 : 16)));
    const memorySize = asOffset(word(at + (wide ? 40 : 20)));
    if (type === undefined || from === undefined || address === undefined) continue;
    if (fileSize === undefined || memorySize === undefined) continue;
    segments.push({ type, offset: from, address, fileSize, memorySize });
  }
  return segments;
};
