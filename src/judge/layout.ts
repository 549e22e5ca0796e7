import { type AddressRange, isVdsoNamed, type Vma } from '../model/vma.js';
import { atLeast, isX86, type Release } from './release.js';
import { imagePages, type Space } from './space.js';
import { imageIndex, type Traits } from './traits.js';

/** The unbroken run of [vvar], [vvar_vclock] mappings next to the vDSO. */
export interface VvarBlock {
  readonly start: bigint;
  readonly end: bigint;
  readonly pages: number;
  readonly names: readonly string[];
  /** The block ends where the vDSO begins; otherwise it begins where the vDSO ends. */
  readonly before: boolean;
}

/** vvar mappings in order, adjacent ones joined. */
const vvarRuns = ({ vvars }: Space): readonly (readonly Vma[])[] => {
  const runs: Vma[][] = [];
  for (const vma of vvars) {
    const last = runs.at(-1);
    if (last !== undefined && last.at(-1)?.end === vma.start) last.push(vma);
    else runs.push([vma]);
  }
  return runs;
};

/** The run that touches the vDSO on the side where this kernel puts it; undefined when none does. */
export const vvarBlock = (space: Space, vdso: AddressRange): VvarBlock | undefined => {
  const before = !isVdsoFirst(space);
  for (const run of vvarRuns(space)) {
    const [start, end] = [run[0]?.start ?? 0n, run.at(-1)?.end ?? 0n];
    if (before ? end !== vdso.start : start !== vdso.end) continue;
    return { start, end, pages: Number((end - start) / space.pageSize), names: run.map(({ name }) => name), before };
  }
  return undefined;
};

/** x86 3.16 maps text first, then data (map_vdso, arch/x86/vdso/vma.c, until 3.17); csky to this day. */
export const isVdsoFirst = ({ evidence, release }: Space): boolean => {
  const { machine } = evidence.host;
  if (machine === 'csky') return true;
  return isX86(machine) === true && release?.major === 3 && release.minor === 16;
};

/**
 * Pages of vvar data this kernel maps beside its vDSO. On x86, for every bitness: 4 since time namespaces (5.6,
 * "vvar_start = . - 4*PAGE_SIZE"), two of which are [vvar_vclock] in 6.13 and 6.14 (e93d2521b27f, map_vdso:
 * "__VVAR_PAGES - VDSO_NR_VCLOCK_PAGES"); since 6.15 [vvar] has 4 of its own (df7fcbefa710). Undefined where it is not known.
 */
export const expectedVvarPages = ({ evidence, release, vvars }: Space): number | undefined => {
  // A vendor's 6.12 may have the split of 6.13, with 4 pages or 6, and a container may print any release.
  const { machine } = evidence.host;
  const isUnsure = isX86(machine) === true && hasClockPages(vvars) && atLeast(release, 6, 13) !== true;
  return isUnsure ? undefined : usualVvarPages(machine, release);
};

const hasClockPages = (vvars: Space['vvars']): boolean => vvars.some(({ name }) => name === '[vvar_vclock]');

/** The same by machine (uname -m) and release alone. */
export const usualVvarPages = (machine: string | undefined, release: Release | undefined): number | undefined => {
  if (release === undefined) return undefined;
  if (/^aarch64/.test(machine ?? '')) {
    // VVAR_NR_PAGES of arch/arm64/include/asm/vdso.h since time namespaces (5.9); measured on 5.10, 6.1, 6.12 and 7.3.
    if (atLeast(release, 6, 13) === true) return atLeast(release, 7, 3) === true ? 4 : undefined;
    return atLeast(release, 5, 9) === true ? 2 : undefined;
  }
  if (/^(riscv64|s390x|ppc64)/.test(machine ?? '')) {
    // VVAR_NR_PAGES of each tree's vdso.h or vdso.c: measured on 6.1 and 6.12 (with pages of 64 KiB too) and on 7.2.
    if (atLeast(release, 6, 13) === true) return atLeast(release, 7, 2) === true ? 4 : undefined;
    return atLeast(release, 6, 1) === true ? 2 : undefined;
  }
  if (isX86(machine) !== true) return undefined;
  if (atLeast(release, 6, 15) === true) return 6;
  return atLeast(release, 5, 6) === true ? 4 : undefined;
};

/**
 * No x86 kernel of that release maps fewer, whatever its vendor added: "vvar_start = . - 2 * PAGE_SIZE" of
 * vdso-layout.lds.S since 3.16, 3 with the page of Hyper-V's clock (90b20432aeb8, 4.12), 4 with [vvar_vclock]. Special
 * mappings can be cut before 5.11.
 */
export const fewestVvarPages = ({ evidence, release, vvars }: Space): number | undefined => {
  if (isX86(evidence.host.machine) !== true) return undefined;
  if (hasClockPages(vvars)) return 4;
  if (atLeast(release, 4, 12) === true) return 3;
  return atLeast(release, 3, 16) === true ? 2 : undefined;
};

/**
 * Do the vvar pages lie where the vDSO's code expects them? The code addresses them by distance, so they must touch it,
 * in order, all of them. Undefined where this kernel maps no [vvar], or it is not known whether it does. `image`: the
 * place of the whole image, where less of it is mapped.
 */
export const vvarAttached = (
  space: Space,
  vdso: AddressRange,
  image = vdso,
): { readonly attached: boolean | undefined; readonly why: string } => {
  const runs = vvarRuns(space);
  if (runs.length === 0) {
    // A vDSO without its name is one of a kernel that gives names by address, whatever the release says: such has no vvar.
    const named = space.vmas.some((vma) => vma.start === vdso.start && isVdsoNamed(vma));
    return named && givesVvar(space) === true
      ? { attached: false, why: 'maps: no [vvar] at all, which this kernel maps beside every vDSO' }
      : { attached: undefined, why: 'maps: no [vvar], and this kernel may have none' };
  }
  const block = vvarBlock(space, image);
  if (block === undefined) {
    const where = isVdsoFirst(space) ? 'begins where the vDSO ends' : 'ends where the vDSO begins';
    return { attached: false, why: `maps: no [vvar] ${where}` };
  }
  if (runs.length > 1) return { attached: false, why: 'maps: part of [vvar] lies elsewhere' };
  const expected = expectedVvarPages(space) ?? fewestVvarPages(space);
  if (expected !== undefined && block.pages < expected) {
    return { attached: false, why: `maps: ${block.pages} vvar pages beside the vDSO, its code expects ${expected}` };
  }
  if (
    block.names.indexOf('[vvar_vclock]') !== -1 &&
    block.names.lastIndexOf('[vvar]') > block.names.indexOf('[vvar_vclock]')
  )
    return { attached: false, why: 'maps: [vvar_vclock] lies before [vvar], its code expects it behind' };
  return {
    attached: true,
    why: `maps: ${block.pages} vvar pages ${block.before ? 'end where' : 'begin after'} the vDSO`,
  };
};

/** Does this kernel map a [vvar] beside its vDSO? From 6.1 on all but these do (each tree's vdso.c). */
const givesVvar = (space: Space): boolean | undefined => {
  const { machine } = space.evidence.host;
  return space.naming.rule === 'mapping' ? mapsVvar(machine, space.release) : undefined;
};

/** The same by machine (uname -m) and release alone. */
export const mapsVvar = (machine: string | undefined, release: Release | undefined): boolean | undefined => {
  if (machine === undefined || release === undefined) return undefined;
  if (isX86(machine) === true) return atLeast(release, 3, 16);
  if (/^(aarch64|arm)/.test(machine)) return atLeast(release, 4, 1);
  if (/^(riscv|s390|ppc|mips|loongarch|sparc64)/.test(machine))
    return atLeast(release, 6, 1) === true ? true : undefined;
  return undefined;
};

/**
 * Where the whole image of these pieces lies, mapped or not: before 5.11 a page can be unmapped alone. A frame says
 * which pages are left; where none does, what was not cut off in front begins at the auxv address or behind its vvar.
 */
export const imageRange = (space: Space, pieces: readonly Traits[]): AddressRange => {
  const [first] = pieces;
  if (first === undefined) return { start: 0n, end: 0n };
  const { start } = first.vma;
  const end = pieces.at(-1)?.vma.end ?? first.vma.end;
  const place = imageIndex(first);
  const total = imagePages(space, first.elf?.image ?? place?.image ?? space.abi);
  const size = total === undefined ? end - start : BigInt(total) * space.pageSize;
  const missing = size - (end - start);
  const cut = place === undefined ? cutInFront(space, first, missing) : BigInt(place.first) * space.pageSize;
  return { start: start - cut, end: missing > 0n ? start - cut + size : end };
};

/** Bytes that are gone before the first piece, of the `missing` ones. */
const cutInFront = (space: Space, { vma, elf, mark }: Traits, missing: bigint): bigint => {
  if (missing <= 0n || elf !== undefined || mark !== undefined || space.auxvVdso === vma.start) return 0n;
  const fits = (cut: bigint): boolean => {
    const [start, end] = [vma.start - cut, vma.end + missing - cut];
    return space.auxvVdso === start || vvarBlock(space, { start, end }) !== undefined;
  };
  const cuts = Array.from({ length: Number(missing / space.pageSize) }, (_, page) => BigInt(page + 1) * space.pageSize);
  return fits(0n) ? 0n : (cuts.find(fits) ?? 0n);
};

/**
 * Whether mremap moves a part of vvar to another place: not since 5.6 on x86 and 5.9 on arm64 ("Restrict splitting VVAR VMA",
 * vvar_mremap; seen on 5.10 and 6.18: EINVAL), nowhere since 5.11 (871402e05b24).
 */
export const splitsVvar = (machine: string | undefined, release: Release | undefined): boolean | undefined => {
  if (atLeast(release, 5, 11) === true) return false;
  const since = isX86(machine) === true ? 6 : machine === 'aarch64' ? 9 : undefined;
  const forbids = since === undefined ? undefined : atLeast(release, 5, since);
  return forbids === undefined ? undefined : !forbids;
};
