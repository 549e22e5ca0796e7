import { mappedPages } from '../../elf/image.js';
import { sizeOf } from '../../model/vma.js';
import type { CriuEntry } from '../criu/entry.js';
import { expectedVvarPages, fewestVvarPages, isVdsoFirst, mapsVvar, splitsVvar } from '../layout.js';
import { imagePages } from '../space.js';
import { countPages } from '../traits.js';
import type { Run } from './run.js';

/** What CRIU maps as runtime vDSO for such a task on this kernel; undefined where it is not known. */
export interface RuntimeVdso {
  readonly vdsoSize: bigint | undefined;
  /** 0: this kernel maps no vvar. */
  readonly vvarSize: bigint | undefined;
  readonly vdsoFirst: boolean;
  readonly splits: boolean | undefined;
  /** Is the dumped image the one this kernel has? On the same kernel only a proxy from elsewhere is not. */
  readonly sameImage: (vdso: CriuEntry) => boolean | undefined;
}

export const runtimeOf = (run: Run): RuntimeVdso => ({
  vdsoSize: vdsoSize(run),
  vvarSize: vvarSize(run),
  vdsoFirst: isVdsoFirst(run.space),
  splits: splitsVvar(run.space.evidence.host.machine, run.space.release),
  sameImage: (vdso) => sameImage(run, vdso),
});

const vdsoSize = ({ space, judged }: Run): bigint | undefined => {
  const pages = imagePages(space, space.abi);
  if (pages !== undefined) return BigInt(pages) * space.pageSize;
  const runtime = judged.find(({ verdict }) => verdict.class === 'criu-runtime');
  if (runtime !== undefined) return sizeOf(runtime.traits.vma);
  // The kernel's image is mapped whole; what is left of a split one is smaller, and its headers say so.
  const genuine = judged.filter(({ verdict }) => verdict.class === 'genuine');
  const [one] = genuine;
  if (one === undefined || genuine.length > 1) return undefined;
  const { elf, vma } = one.traits;
  const whole = BigInt((elf && mappedPages(elf, Number(space.pageSize))) ?? 0) * space.pageSize;
  return whole < sizeOf(vma) ? sizeOf(vma) : whole;
};

const vvarSize = ({ space, judged }: Run): bigint | undefined => {
  const expected = expectedVvarPages(space);
  if (expected !== undefined) return BigInt(expected) * space.pageSize;
  if (space.naming.rule === 'address') return 0n;
  const named = space.vvars;
  if (named.length === 0 && (judged.length === 0 || mapsVvar(space.evidence.host.machine, space.release) === true))
    return undefined;
  // As much as is mapped, unless that is less than any such kernel has: some of it was unmapped.
  const mapped = named.reduce((total, vma) => total + sizeOf(vma), 0n);
  const fewest = BigInt(fewestVvarPages(space) ?? 0) * space.pageSize;
  return mapped < fewest ? fewest : mapped;
};

const sameImage = ({ space, judged }: Run, vdso: CriuEntry): boolean | undefined => {
  const one = judged.find(({ verdict }) => verdict.start === vdso.start);
  if (one === undefined) return undefined;
  if (one.verdict.class === 'genuine') return true;
  const elf = one.traits.elf;
  const runtime = judged.find(({ verdict }) => verdict.class === 'criu-runtime');
  const release = space.evidence.host.release;
  if (elf?.linuxVersion !== undefined && release !== undefined) return isOfKernel(elf.linuxVersion, release);
  if (
    runtime !== undefined &&
    countPages(runtime.traits, 'kernel') > 0 &&
    one.traits.pageTotal !== runtime.traits.pageTotal
  ) {
    return false;
  }
  return undefined;
};

/**
 * Is an image with that note (LINUX_VERSION_CODE, "6.18.44") of the kernel with that release? "6.1.0-56-amd64" hides its
 * patch level: the first two numbers decide "no", and nothing decides "yes".
 */
export const isOfKernel = (linuxVersion: string, release: string): boolean | undefined => {
  if (release === linuxVersion || [`${linuxVersion}-`, `${linuxVersion}+`].some((whole) => release.startsWith(whole)))
    return true;
  const [one, other] = [release.split('.'), linuxVersion.split('.')];
  return one[0] === other[0] && one[1] === other[1] ? undefined : false;
};
