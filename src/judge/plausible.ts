import { LARGEST_VDSO, mappedPages } from '../elf/image.js';
import { imagePages, type Space } from './space.js';
import { countPages, looksAlike, type Traits } from './traits.js';

/**
 * How much speaks for a mapping being the vDSO when no page of it is known to be the kernel's. Undefined: it cannot be
 * one. The numbers only order: content weighs most, then pages and name, then permissions and size.
 */
export const plausibility = (space: Space, traits: Traits): number | undefined => {
  const { vma } = traits;
  if (!traits.fileless || traits.otherSpecial || vma.shared || traits.special === false) return undefined;
  if (traits.content === 'other' || !possibleSize(space, traits)) return undefined;
  if (vma.name !== '' && !traits.named && !vma.name.startsWith('[heap')) return undefined;
  // Where it was put, every kernel names it: by the mapping or by the address. Only of a task that CRIU restored does a
  // kernel before 3.16 name another address: its pointer is still that of the criu that forked the task.
  const kernelNamed = space.naming.rule !== 'claim' && space.evidence.source !== 'core';
  const mayBeRestored = space.naming.rule === 'address' && looksAlike(traits);
  if (kernelNamed && traits.atAuxv && !traits.named && !mayBeRestored) return undefined;
  // um, sh, hexagon, csky since 6.12 name every vDSO.
  if (space.naming.rule === 'both' && !traits.named) return undefined;
  if (!traits.named && !traits.atAuxv && traits.content === undefined && !(vma.read && vma.execute)) return undefined;
  const content = traits.content === 'vdso' ? 3 : traits.content === 'maybe' ? 2 : 0;
  const permissions = vma.execute ? (vma.write ? 0 : 1) : vma.write ? -3 : -1;
  const name = traits.named ? 2 : space.naming.rule === 'claim' && traits.atAuxv ? 1 : 0;
  return content + permissions + name + sizePoints(space, traits) + pagePoints(traits) + specialPoints(traits);
};

const sizePoints = (space: Space, traits: Traits): number => {
  const total = imagePages(space, traits.elf?.image ?? space.abi);
  const whole = total ?? (traits.elf && mappedPages(traits.elf, Number(space.pageSize)));
  return whole === traits.pageTotal ? 1 : 0;
};

/** Copies speak against it, unless it can be written: then a debugger or the process itself explains them. */
const pagePoints = (traits: Traits): number => {
  if (traits.pages.some(({ state }) => state === 'kernel')) return 3;
  const copied = traits.pages.length > 0 ? countPages(traits, 'copied') : (traits.smaps?.anonymous ?? 0);
  if (copied === 0) return 0;
  return traits.vma.write && traits.vma.execute ? -1 : -2;
};

const specialPoints = ({ special }: Traits): number => (special === true ? 4 : 0);

/**
 * A vDSO is never larger than its image. Without a page set to compare: up to the largest of any machine, and at
 * least a page.
 */
export const possibleSize = (space: Space, traits: Traits): boolean => {
  const images = traits.elf?.image === undefined ? candidates(space) : [traits.elf.image];
  const totals = images.map((image) => imagePages(space, image)).filter((total) => total !== undefined);
  if (totals.length > 0 && totals.length === images.length) return totals.some((total) => traits.pageTotal <= total);
  return BigInt(traits.pageTotal) * space.pageSize <= LARGEST_VDSO || traits.pageTotal === 1;
};

/** Images that a process of this ABI can carry: its own, and on x86-64 the 32-bit one (ARCH_MAP_VDSO_32, 4.9). */
const candidates = (space: Space): readonly string[] => {
  if (space.abi === undefined) return [...space.evidence.host.reference.keys()];
  return space.abi === 'x86_64' && space.evidence.host.reference.has('i386') ? ['x86_64', 'i386'] : [space.abi];
};
