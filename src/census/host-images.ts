import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Pristine } from '../judge/criu/pristine.js';
import { isVdsoNamed, sizeOf } from '../model/vma.js';
import { parseMaps } from '../proc/parse/maps.js';

const FROM = "this host's own vDSO";

/** vDSO images of this kernel for those of the ABIs that it has: this process's own, and a 32-bit test process's. */
export const hostImages = async (abis: ReadonlySet<string>): Promise<readonly Pristine[]> => [
  ...ownImage(),
  ...pristine(abis.has('i386') ? await readCompatVdso() : undefined),
];

/** This process's own alone; nothing is started for it. */
export const ownImage = (): readonly Pristine[] => pristine(readOwnVdso());

const pristine = (bytes: Uint8Array | undefined): readonly Pristine[] =>
  bytes === undefined ? [] : [{ bytes, from: FROM }];

const readCompatVdso = async (): Promise<Uint8Array | undefined> => {
  const [{ withPuppet }, { vdsoBytes }] = await Promise.all([
    import('../puppet/puppet.js'),
    import('../puppet/moves.js'),
  ]);
  const read = await withPuppet({ abi: 'i386' }, vdsoBytes);
  return read.ok ? read.value : undefined;
};

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
