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

/** The vDSO of this very process. Undefined where this kernel gives none. */
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

const readCompatVdso = async (): Promise<Uint8Array | undefined> => {
  const [{ startPuppet }, { vdsoBytes }, { PuppetGone }] = await Promise.all([
    import('../puppet/puppet.js'),
    import('../puppet/moves.js'),
    import('../puppet/channel.js'),
  ]);
  const started = await startPuppet({ abi: 'i386' });
  if (!started.ok) return undefined;
  const puppet = started.value;
  try {
    return await vdsoBytes(puppet);
  } catch (error) {
    if (!(error instanceof PuppetGone)) throw error;
    return undefined;
  } finally {
    await puppet.kill();
  }
};
