import type { Vma } from '../model/vma.js';
import { printable } from '../text/escape.js';
import { hexRange } from '../text/hex.js';

/** A mapping as one readable line: range, permissions, and the name or "(no name)". Safe to print. */
export const mapsLine = (vma: Vma): string => {
  const flags = `${vma.read ? 'r' : '-'}${vma.write ? 'w' : '-'}${vma.execute ? 'x' : '-'}${vma.shared ? 's' : 'p'}`;
  return `${hexRange(vma.start, vma.end)} ${flags} ${vma.name === '' ? '(no name)' : printable(vma.name)}`;
};
