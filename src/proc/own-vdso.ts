import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { isVdsoNamed, sizeOf } from '../model/vma.js';
import { parseMaps } from './parse/maps.js';

/** The bytes of the vDSO of this very process. Undefined where this kernel gives none. */
export const readOwnVdso = (): Uint8Array | undefined => {
  const vdso = parseMaps(readFileSync('/proc/self/maps', 'latin1')).vmas.find(isVdsoNamed);
  if (vdso === undefined) return undefined;
  const bytes = new Uint8Array(Number(sizeOf(vdso)));
  const memory = openSync('/proc/self/mem', 'r');
  try {
    readSync(memory, bytes, 0, bytes.length, vdso.start);
  } finally {
    closeSync(memory);
  }
  return bytes;
};
