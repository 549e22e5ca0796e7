import { readElfImage } from '../elf/image.js';
import { hintOf } from '../hint/examine.js';
import type { MremapTest } from '../hint/mremap-test.js';
import type { Target, VdsoImage } from '../model/doctor-schema.js';
import { sizeOf } from '../model/vma.js';
import type { LocalHost } from '../proc/host.js';
import { type Abi, candidateAbis } from '../puppet/abi.js';
import { vdsoBlock, vdsoBytes } from '../puppet/moves.js';
import { type Puppet, withPuppet } from '../puppet/puppet.js';
import { printable } from '../text/escape.js';

/** What a restore on this host would find, read from fresh test processes; ABIs that do not run are left out. */
export const readTarget = async ({ host }: LocalHost, tests: readonly MremapTest[]): Promise<Target> => {
  const images: Record<string, VdsoImage> = {};
  for (const abi of candidateAbis()) {
    const image = await imageOf(abi);
    if (image !== undefined) images[abi] = image;
  }
  return {
    release: host.release === undefined ? null : printable(host.release),
    machine: host.machine === undefined ? null : printable(host.machine),
    pageSize: host.pageSize,
    hintTest: hintOf(tests),
    images,
  };
};

const imageOf = async (abi: Abi): Promise<VdsoImage | undefined> => {
  const read = await withPuppet({ abi }, readImage);
  return read.ok ? read.value : undefined;
};

/** The bytes are copied by the process itself; its data mappings are never read. */
const readImage = async (puppet: Puppet): Promise<VdsoImage | undefined> => {
  const { vdso, data } = vdsoBlock(puppet);
  const bytes = await vdsoBytes(puppet);
  if (vdso === undefined || bytes === undefined) return undefined;
  const elf = readElfImage(bytes);
  const [first] = data;
  return {
    size: bytes.length,
    data: data.map((vma) => ({ name: vma.name, size: Number(sizeOf(vma)) })),
    dataSize: data.reduce((sum, vma) => sum + Number(sizeOf(vma)), 0),
    vdsoBeforeData: first === undefined ? null : vdso.start < first.start,
    symbols: Object.fromEntries(elf?.symbols ?? []),
    buildId: elf?.buildId ?? null,
    linuxVersion: elf?.linuxVersion ?? null,
  };
};
