import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { sizeOf, type Vma } from '../../src/model/vma.js';
import type { Abi } from '../../src/puppet/abi.js';
import { moveStep, moveVdsoAlone, reserve, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { cover, moveApart, moveBlock, unmap } from '../puppet/moves.js';
import type { Puppet } from '../puppet/puppet.js';

/** A state a process can get itself into, and how. */
export interface State {
  readonly name: string;
  readonly abi: Abi;
  readonly make: (puppet: Puppet) => Promise<void>;
}

/** What the states that write into the vDSO put eight bytes before its end. */
export const SCRIBBLE = 0x5a;

const R = 1n;
const W = 2n;
const X = 4n;
const PRIVATE_ANONYMOUS = 0x22n;
const FIXED = 0x10n;
const FIXED_NOREPLACE = 0x100000n;

const must = async (result: Promise<bigint>): Promise<bigint> => {
  const value = await result;
  if (value < 0n && value > -4096n) throw new Error(`the test process got errno ${-value}`);
  return value;
};

const nothing = async (): Promise<void> => {};

const protect =
  (protection: bigint) =>
  async (puppet: Puppet): Promise<void> => {
    const vdso = vdsoOf(puppet);
    await must(puppet.call('mprotect', vdso.start, sizeOf(vdso), protection));
  };

/** Writes one byte at the end of the vDSO, which the kernel then copies. */
const scribble = async (puppet: Puppet): Promise<void> => {
  const { end } = vdsoOf(puppet);
  await puppet.poke(end - 8n, Buffer.from([SCRIBBLE]));
};

/** Through /proc/PID/mem: the mapping itself is never writable. */
const scribbleFromOutside = async (puppet: Puppet): Promise<void> => {
  const memory = openSync(`/proc/${puppet.pid}/mem`, 'r+');
  writeSync(memory, Buffer.from([SCRIBBLE]), 0, 1, Number(vdsoOf(puppet).end - 8n));
  closeSync(memory);
};

const dataOf = (puppet: Puppet, name: string): Vma => {
  const found = vdsoBlock(puppet).data.find((vma) => vma.name === name);
  if (found === undefined) throw new Error(`the test process has no ${name}`);
  return found;
};

const moveAway = async (puppet: Puppet, vma: Vma): Promise<void> => {
  const to = await must(reserve(puppet, sizeOf(vma) + 0x2000n));
  const { results } = await puppet.run(moveStep(vma, to));
  await must(Promise.resolve(results[0] ?? 0n));
};

/** To an address above everything that belongs to the vDSO, so that the order of the pair stays. */
const moveUp = async (puppet: Puppet): Promise<void> => {
  const vdso = vdsoOf(puppet);
  const above = vdso.end + 0x1000000n;
  await must(puppet.call('mmap', above, sizeOf(vdso), 0n, PRIVATE_ANONYMOUS | FIXED_NOREPLACE, -1n, 0n));
  const { results } = await puppet.run(moveStep(vdso, above));
  await must(Promise.resolve(results[0] ?? 0n));
};

/** vDSO first, data pages right behind it: the order no x86 kernel since 3.17 has. */
const swap = async (puppet: Puppet): Promise<void> => {
  const { data, all } = vdsoBlock(puppet);
  const vdso = vdsoOf(puppet);
  const total = all.reduce((sum, vma) => sum + sizeOf(vma), 0n);
  let at = await must(reserve(puppet, total));
  for (const vma of [vdso, ...data]) {
    const { results } = await puppet.run(moveStep(vma, at));
    await must(Promise.resolve(results[0] ?? 0n));
    at += sizeOf(vma);
  }
};

const copyAtOldPlace = async (puppet: Puppet): Promise<void> => {
  const vdso = vdsoOf(puppet);
  const bytes = await puppet.peek(vdso.start, Number(sizeOf(vdso)) / 2);
  const rest = await puppet.peek(vdso.start + sizeOf(vdso) / 2n, Number(sizeOf(vdso)) / 2);
  await must(moveVdsoAlone(puppet));
  await must(puppet.call('mmap', vdso.start, sizeOf(vdso), R | W, PRIVATE_ANONYMOUS | FIXED, -1n, 0n));
  await puppet.poke(vdso.start, bytes);
  await puppet.poke(vdso.start + BigInt(bytes.length), rest);
  await must(puppet.call('mprotect', vdso.start, sizeOf(vdso), R | X));
};

const coverOldPlace = async (puppet: Puppet): Promise<void> => {
  const vdso = vdsoOf(puppet);
  await must(moveVdsoAlone(puppet));
  await must(cover(puppet, vdso.start, sizeOf(vdso)));
};

/** Data pages and vDSO in order, nothing mapped between them. */
const holes = async (puppet: Puppet): Promise<void> => {
  const { all } = vdsoBlock(puppet);
  const area = 0x20000n;
  const base = await must(reserve(puppet, area));
  let at = base;
  for (const vma of all) {
    const { results } = await puppet.run(moveStep(vma, at));
    await must(Promise.resolve(results[0] ?? 0n));
    const end = at + sizeOf(vma);
    at = end + 0x4000n;
    await must(puppet.call('munmap', end, at - end));
  }
  await must(puppet.call('munmap', at, base + area - at));
};

const seal = async (puppet: Puppet): Promise<void> => {
  const vdso = vdsoOf(puppet);
  await must(puppet.call('mseal', vdso.start, sizeOf(vdso), 0n));
};

const unmapNamed =
  (...names: readonly string[]) =>
  async (puppet: Puppet): Promise<void> => {
    await must(
      unmap(
        puppet,
        vdsoBlock(puppet).all.filter((vma) => names.includes(vma.name)),
      ),
    );
  };

/** Anonymous code that begins with CRIU's mark of a version. */
const forge =
  (signature: string, version: bigint, size = 0x2000n) =>
  async (puppet: Puppet): Promise<void> => {
    const at = await must(puppet.call('mmap', 0n, size, R | W, PRIVATE_ANONYMOUS, -1n, 0n));
    const nowhere = 0xffff_ffff_ffff_ffffn;
    const fields = Buffer.from(new BigUint64Array([nowhere, version, nowhere, nowhere]).buffer);
    await puppet.poke(at, Buffer.concat([Buffer.from(signature, 'latin1'), fields]));
    await must(puppet.call('mprotect', at, size, R | X));
  };

/** Memory of the process's own, with those permissions, where the vDSO's data pages were. */
const dataPagesReplaced =
  (protection: bigint) =>
  async (puppet: Puppet): Promise<void> => {
    const { data } = vdsoBlock(puppet);
    for (const vma of data) {
      const place = [vma.start, sizeOf(vma), protection] as const;
      await must(puppet.call('mmap', ...place, PRIVATE_ANONYMOUS | FIXED, -1n, 0n));
    }
  };

/** [vvar_vclock] before [vvar], both right before the vDSO. */
const swapData = async (puppet: Puppet): Promise<void> => {
  const { data, all } = vdsoBlock(puppet);
  const total = all.reduce((sum, vma) => sum + sizeOf(vma), 0n);
  let at = await must(reserve(puppet, total));
  for (const vma of [...[...data].reverse(), vdsoOf(puppet)]) {
    const { results } = await puppet.run(moveStep(vma, at));
    await must(Promise.resolve(results[0] ?? 0n));
    at += sizeOf(vma);
  }
};

/** Through /proc/PID/mem, at an offset in the vDSO. */
const write =
  (offsetOf: (bytes: Buffer) => number, bytesOf: (old: Buffer) => Buffer) =>
  async (puppet: Puppet): Promise<void> => {
    const { start, end } = vdsoOf(puppet);
    const memory = openSync(`/proc/${puppet.pid}/mem`, 'r+');
    const image = Buffer.alloc(Number(end - start));
    readSync(memory, image, 0, image.length, Number(start));
    const offset = offsetOf(image);
    const bytes = bytesOf(image.subarray(offset));
    writeSync(memory, bytes, 0, bytes.length, Number(start) + offset);
    closeSync(memory);
  };

/** Executable memory of that many pages, the first of them a guard page. */
const guarded =
  (pages: bigint) =>
  async (puppet: Puppet): Promise<void> => {
    const at = await must(puppet.call('mmap', 0n, pages * 0x1000n, R | W | X, PRIVATE_ANONYMOUS, -1n, 0n));
    await must(puppet.call('madvise', at, 0x1000n, MADV_GUARD_INSTALL));
  };

const MADV_GUARD_INSTALL = 102n;

const both =
  (...parts: readonly State['make'][]) =>
  async (puppet: Puppet): Promise<void> => {
    for (const part of parts) await part(puppet);
  };

const ignored =
  (move: (puppet: Puppet) => Promise<bigint>) =>
  async (puppet: Puppet): Promise<void> => {
    await must(move(puppet));
  };

const state = (name: string, make: State['make'], abi: Abi = 'x86_64'): State => ({ name, abi, make });

/** States a process can bring its vDSO into, each by a few system calls. */
export const STATES: readonly State[] = [
  state('plain', nothing),
  state('block moved', ignored(moveBlock)),
  state('vDSO moved alone, downwards', ignored(moveVdsoAlone)),
  state('vDSO moved alone, upwards', moveUp),
  state('vDSO and data pages swapped', swap),
  state('moved, anonymous code at the old place', coverOldPlace),
  state('moved, a byte copy at the old place', copyAtOldPlace),
  state('[vvar_vclock] moved away', (puppet) => moveAway(puppet, dataOf(puppet, '[vvar_vclock]'))),
  state('[vvar] moved away', (puppet) => moveAway(puppet, dataOf(puppet, '[vvar]'))),
  state('apart, with other memory between', ignored(moveApart)),
  state('apart, with holes between', holes),
  state('[vvar_vclock] unmapped', unmapNamed('[vvar_vclock]')),
  state('vDSO unmapped', unmapNamed('[vdso]')),
  state('[vvar] and [vvar_vclock] unmapped', unmapNamed('[vvar]', '[vvar_vclock]')),
  state('all unmapped', unmapNamed('[vdso]', '[vvar]', '[vvar_vclock]')),
  state('written, still rwx', both(protect(R | W | X), scribble)),
  state('written, r-x again', both(protect(R | W | X), scribble, protect(R | X))),
  state('written through /proc/PID/mem', scribbleFromOutside),
  state('rwx, unwritten', protect(R | W | X)),
  state('read-only', protect(R)),
  state('no access', protect(0n)),
  state('sealed', seal),
  state('no access, sealed', both(protect(0n), seal)),
  state('[vvar] without access', async (puppet) => {
    const vvar = dataOf(puppet, '[vvar]');
    await must(puppet.call('mprotect', vvar.start, sizeOf(vvar), 0n));
  }),
  state('a forged mark of version 3', forge('CRIUvDSO', 3n)),
  state('a forged mark of version 2', forge('criuvDSO', 2n)),
  state('a forged mark of version 1', forge('criuvdso', 1n)),
  state('a forged mark of version 3 in large memory', forge('CRIUvDSO', 3n, 0x40000n)),
  state('a forged mark of version 2 in large memory', forge('criuvDSO', 2n, 0x40000n)),
  state('executable memory behind a guard page', guarded(64n)),
  state('data pages in the other order', swapData),
  state('own memory in place of the data pages', dataPagesReplaced(R | W)),
  state('no access in place of the data pages', dataPagesReplaced(0n)),
  state('read-only, without data pages', both(unmapNamed('[vvar]', '[vvar_vclock]'), protect(R))),
  state(
    'written, the same byte',
    write(
      () => 0x1000,
      (old) => old.subarray(0, 1),
    ),
  ),
  state(
    'a symbol renamed',
    write(
      (image) => image.indexOf('__vdso_getcpu'),
      () => Buffer.from('__vdso_getXXX'),
    ),
  ),
  state(
    'section headers written over',
    write(
      () => 0x2f,
      () => Buffer.from([2]),
    ),
  ),
  state('plain', nothing, 'i386'),
  state('block moved', ignored(moveBlock), 'i386'),
  state('vDSO moved alone, downwards', ignored(moveVdsoAlone), 'i386'),
  state('vDSO unmapped', unmapNamed('[vdso]'), 'i386'),
  state('[vvar] and [vvar_vclock] unmapped', unmapNamed('[vvar]', '[vvar_vclock]'), 'i386'),
  state('written, r-x again', both(protect(R | W | X), scribble, protect(R | X)), 'i386'),
];
