import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readElfImage } from '../elf/image.js';
import { isVdsoNamed, isVvarNamed, sizeOf } from '../model/vma.js';
import { parseMaps } from '../proc/parse/maps.js';
import type { TargetVdso } from './image-forecast.js';

/** The vDSO of this very process: what this kernel gives, unless somebody changed it. Nothing is read of vvar. */
export interface OwnVdso {
  readonly bytes: Uint8Array;
  readonly layout: TargetVdso;
}

/** Undefined where this kernel gives no vDSO or /proc is not there. */
export const readOwnVdso = (): OwnVdso | undefined => {
  const vmas = parseMaps(readFileSync('/proc/self/maps', 'latin1')).vmas;
  const vdso = vmas.find(isVdsoNamed);
  if (vdso === undefined) return undefined;
  const vvar = vmas.filter(isVvarNamed);
  const bytes = new Uint8Array(Number(sizeOf(vdso)));
  const memory = openSync('/proc/self/mem', 'r');
  try {
    // Beyond 2^53 a number is not exact; user space ends far below on all machines Node runs on.
    readSync(memory, bytes, 0, bytes.length, Number(vdso.start));
  } finally {
    closeSync(memory);
  }
  return {
    bytes,
    layout: {
      vdsoSize: sizeOf(vdso),
      vvarSize: vvar.reduce((sum, vma) => sum + sizeOf(vma), 0n),
      vdsoFirst: (vvar[0]?.start ?? 0n) > vdso.start,
      symbols: readElfImage(bytes)?.symbols,
    },
  };
};
