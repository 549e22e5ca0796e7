import { isVdsoNamed, isVvarNamed, sizeOf, type Vma } from '../model/vma.js';
import type { Puppet } from './puppet.js';
import { call, type Step } from './step.js';

/**
 * What a process may do to its vDSO, done by a test process. Addresses are chosen like CRIU does it: an anonymous area
 * is reserved, and mremap(MREMAP_MAYMOVE | MREMAP_FIXED) puts the mapping over it.
 */

/** The vDSO and its data pages in address order, as /proc/PID/maps names them now. */
export interface VdsoBlock {
  readonly vdso: Vma | undefined;
  readonly data: readonly Vma[];
  readonly all: readonly Vma[];
}

/** Reads them now. */
export const vdsoBlock = (puppet: Pick<Puppet, 'maps'>): VdsoBlock => {
  const vmas = puppet.maps();
  const all = vmas.filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma));
  return { vdso: all.find(isVdsoNamed), data: all.filter(isVvarNamed), all };
};

/** The vDSO of a process that has one; a process that has none is the caller's mistake. */
export const vdsoOf = (puppet: Puppet): Vma => {
  const { vdso } = vdsoBlock(puppet);
  if (vdso === undefined) throw new Error('the test process has no vDSO');
  return vdso;
};

/** The bytes of its vDSO, copied by itself; undefined where the kernel gives it none (boot option vdso32=0). */
export const vdsoBytes = async (puppet: Pick<Puppet, 'maps' | 'peek'>): Promise<Buffer | undefined> => {
  const { vdso } = vdsoBlock(puppet);
  if (vdso === undefined) return undefined;
  const pieces: Buffer[] = [];
  for (let at = vdso.start; at < vdso.end; at += BigInt(PIECE)) pieces.push(await puppet.peek(at, PIECE));
  return Buffer.concat(pieces);
};

/** A mapping is whole pages, and no page is smaller. */
const PIECE = 4096;

const PROT_NONE = 0n;
const MAP_PRIVATE = 2n;
const MAP_ANONYMOUS = 0x20n;
const MREMAP_MAYMOVE = 1n;
const MREMAP_FIXED = 2n;

/** Reserves an area without access; its address, or a negative errno. */
export const reserve = (puppet: Puppet, size: bigint): Promise<bigint> =>
  puppet.call('mmap', 0n, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1n, 0n);

/** Step that moves a whole mapping to an address, over whatever is there. */
export const moveStep = (vma: Vma, to: bigint): Step =>
  call('mremap', vma.start, sizeOf(vma), sizeOf(vma), MREMAP_MAYMOVE | MREMAP_FIXED, to);

/** Moves the vDSO alone; its data pages stay. New address, or a negative errno. */
export const moveVdsoAlone = async (puppet: Puppet): Promise<bigint> => {
  const vdso = vdsoOf(puppet);
  return moveTo(puppet, [vdso], await reserve(puppet, sizeOf(vdso)), vdso.start);
};

/** Moves mappings, so that what lay at `from` lies at `to`. New address of the vDSO, or the first negative errno. */
export const moveTo = async (puppet: Puppet, vmas: readonly Vma[], to: bigint, from: bigint): Promise<bigint> => {
  if (to < 0n) return to;
  const { results } = await puppet.run(...vmas.map((vma) => moveStep(vma, to + (vma.start - from))));
  const refused = results.find((result) => result < 0n);
  return refused ?? results[Math.max(0, vmas.findIndex(isVdsoNamed))] ?? to;
};
