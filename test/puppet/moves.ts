import { sizeOf, type Vma } from '../../src/model/vma.js';
import { moveStep, moveTo, reserve, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import type { Puppet } from '../../src/puppet/puppet.js';
import { call } from '../../src/puppet/step.js';
import { loop } from './step.js';

/** Moves the vDSO and its data pages, keeping their distances (CRIU restore). New address of the vDSO, or errno. */
export const moveBlock = async (puppet: Puppet): Promise<bigint> => {
  const { all } = vdsoBlock(puppet);
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) throw new Error('the test process has no vDSO');
  return moveTo(puppet, all, await reserve(puppet, last.end - first.start), first.start);
};

/** Moves vDSO and data pages each to a place of its own. New address of the vDSO, or errno. */
export const moveApart = async (puppet: Puppet): Promise<bigint> => {
  const { data } = vdsoBlock(puppet);
  for (const vma of data) await moveTo(puppet, [vma], await reserve(puppet, sizeOf(vma) + GAP), vma.start);
  const vdso = vdsoOf(puppet);
  return moveTo(puppet, [vdso], await reserve(puppet, sizeOf(vdso) + GAP), vdso.start);
};

/** So that neighbours do not touch. */
const GAP = 0x10000n;

/** Unmaps mappings one by one; the first negative errno, else 0. */
export const unmap = async (puppet: Puppet, vmas: readonly Vma[]): Promise<bigint> => {
  const { results } = await puppet.run(...vmas.map((vma) => call('munmap', vma.start, sizeOf(vma))));
  return results.find((result) => result < 0n) ?? 0n;
};

/** Puts anonymous executable memory over an address range (MAP_FIXED); the address, or a negative errno. */
export const cover = (puppet: Puppet, start: bigint, size: bigint): Promise<bigint> =>
  puppet.call('mmap', start, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1n, 0n);

/**
 * Moves the vDSO away and back `pairs` times at full speed, without any I/O between: 2 * `pairs` mremap calls. How many
 * of them failed.
 */
export const moveBurst = async (puppet: Puppet, pairs: number): Promise<number> => {
  const vdso = vdsoOf(puppet);
  const away = await reserve(puppet, sizeOf(vdso));
  const back: Vma = { ...vdso, start: away, end: away + sizeOf(vdso) };
  const { failures } = await puppet.run(moveStep(vdso, away), moveStep(back, vdso.start), loop(0, pairs));
  return (failures[0] ?? 0) + (failures[1] ?? 0);
};

const PROT_READ = 1n;
const PROT_EXEC = 4n;
const MAP_PRIVATE = 2n;
const MAP_FIXED = 0x10n;
const MAP_ANONYMOUS = 0x20n;
