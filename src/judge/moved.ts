import { type AddressRange, sizeOf } from '../model/vma.js';
import { vvarAttached } from './layout.js';
import { atLeast } from './release.js';
import type { Space } from './space.js';
import type { Traits } from './traits.js';

/**
 * Is the vDSO where it was put? History knows; without it AT_SYSINFO_EHDR is the only witness of the first place. It
 * never follows a move, survives fork, and can be forged (PR_SET_MM_MAP); ARCH_MAP_VDSO leaves it as it is. `image`: where
 * the whole of it lies, whether or not page 0 is still mapped (imageRange).
 */
export const isMoved = (
  space: Space,
  pieces: readonly Traits[],
  image: AddressRange,
): { readonly moved: boolean | undefined; readonly why: string } => {
  const [first] = pieces;
  if (first === undefined) return { moved: undefined, why: 'no mapping' };
  const place = image.start;
  const { placedAt } = space.context;
  if (placedAt !== undefined) return { moved: placedAt !== place, why: 'events: seen where it was put' };
  const claimed = space.auxvVdso;
  if (claimed === undefined) return { moved: undefined, why: 'auxv: AT_SYSINFO_EHDR is not known' };
  if (claimed === 0n) return { moved: undefined, why: 'auxv: AT_SYSINFO_EHDR is no address' };
  if (claimed === place) return { moved: false, why: 'auxv: AT_SYSINFO_EHDR is its start' };
  if (claimed % space.pageSize !== 0n) return { moved: undefined, why: 'auxv: AT_SYSINFO_EHDR is no page address' };
  if (liesWhereExecPutsIt(space, first, pieces.at(-1) ?? first)) {
    return { moved: undefined, why: 'auxv names another place, but the vDSO lies just where exec puts it' };
  }
  return { moved: true, why: 'auxv: AT_SYSINFO_EHDR is another address' };
};

/**
 * exec maps the vDSO last, right below the interpreter since 6.9 (3c6539b4c177), above the stack before that on x86-64.
 * Whole and with its vvar there, it was most likely never moved, and auxv is what is wrong.
 */
const liesWhereExecPutsIt = (space: Space, first: Traits, last: Traits): boolean => {
  if (space.evidence.host.machine !== 'x86_64' || space.abi !== 'x86_64') return false;
  if (vvarAttached(space, { start: first.vma.start, end: last.vma.end }).attached !== true) return false;
  const release = space.release;
  const claimed = space.auxvVdso ?? 0n;
  if (atLeast(release, 6, 9) === true) {
    const next = space.vmas.find((vma) => vma.start === last.vma.end);
    return next !== undefined && next.offset === 0n && INTERPRETER.test(next.name);
  }
  const stack = space.vmas.find(({ name }) => name === '[stack]');
  return stack !== undefined && first.vma.start >= stack.end && claimed < stack.end - sizeOf(stack);
};

const INTERPRETER = /\/ld(-[^/]*)?\.so\.[0-9]+( \(deleted\))?$|\/ld-[^/]*\.so$/;
