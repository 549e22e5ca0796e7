import { AT_MINSIGSTKSZ, type Evidence } from '../model/evidence.js';
import { isFileless, isVdsoNamed, isVvarNamed, sizeOf, type Vma } from '../model/vma.js';
import { hasFileBit, showsShift } from './page-format.js';
import { atLeast, isX86, parseRelease, type Release } from './release.js';

/**
 * How this kernel prints "[vdso]", and how surely that is known.
 * mapping: the name is the mapping's own and follows it (special mappings).
 * address: any file-less mapping that starts at context.vdso has it (arch_vma_name).
 * both: the mapping's own, and besides whatever starts at context.vdso (um, sh, hexagon, csky since 6.12).
 * claim: the source is no kernel (a CRIU image): the name is what somebody took for the vDSO.
 */
export interface Naming {
  readonly rule: 'mapping' | 'address' | 'both' | 'claim' | 'unknown';
  /** Measured there, or shown by the mappings; otherwise only inferred from the release, which a container may fake. */
  readonly measured: boolean;
  readonly why: string;
}

/** The source first, then what was measured (the mremap test, the names in `vmas`), then the release. */
export const namingOf = (evidence: Evidence, vmas: readonly Vma[]): Naming => {
  if (evidence.namesBy === 'criu') return { rule: 'claim', measured: false, why: 'the image says what CRIU took' };
  if (evidence.source === 'core') return { rule: 'unknown', measured: false, why: 'a core file has no such names' };
  const { hintTest } = evidence.host;
  const uml = isUserMode(evidence, vmas);
  if (hintTest === 'lost') return { rule: 'address', measured: true, why: 'hint test: the name stays at the address' };
  if (hintTest === 'kept') {
    return uml
      ? { rule: 'both', measured: true, why: 'hint test: the name moves; User-Mode Linux also names by address' }
      : keepsOldNames(evidence)
        ? { rule: 'both', measured: true, why: 'hint test: the name moves; this machine also names by address' }
        : { rule: 'mapping', measured: true, why: 'hint test: the name moves with the mapping' };
  }
  return inferred(evidence, vmas, uml);
};

const inferred = (evidence: Evidence, vmas: readonly Vma[], uml: boolean): Naming => {
  const { machine } = evidence.host;
  // Only a special mapping is called [vvar] (3.16 on x86; csky calls its own by address); a release that says otherwise
  // is not the kernel's own.
  if (vmas.some(isVvarNamed) && !OLD_NAMES.test(machine ?? '')) {
    return { rule: 'mapping', measured: true, why: 'maps: [vvar] is named, so special mappings carry their names' };
  }
  if (isX86(machine) === true && hasFileBit(evidence, vmas) === false && showsShift(evidence)) {
    return { rule: 'address', measured: true, why: 'pagemap: words as kernels before 3.5 have them' };
  }
  const release = parseRelease(evidence.host.release);
  if (release === undefined || machine === undefined) {
    return { rule: 'unknown', measured: false, why: 'kernel release or machine not known' };
  }
  const said = `release ${release.major}.${release.minor} on ${uml ? 'User-Mode Linux' : machine}`;
  if (uml || OLD_NAMES.test(machine)) {
    const rule = atLeast(release, 6, 12) === true ? 'both' : 'address';
    return { rule, measured: false, why: `${said}: names by address` };
  }
  const special = isSpecial(machine, release);
  if (special === undefined) return { rule: 'unknown', measured: false, why: `${said}: naming not known` };
  if (special && evidence.source === 'bundle' && mayBeOlder(evidence, vmas)) {
    return { rule: 'unknown', measured: false, why: `${said}, but no [vvar] is there: naming not known` };
  }
  return special
    ? { rule: 'mapping', measured: false, why: `${said}: the name is the mapping's own` }
    : { rule: 'address', measured: false, why: `${said}: the name stays at the address` };
};

/**
 * A container may print any release (Virtuozzo does), and the one who captured it has not tried the name. x86 maps a
 * [vvar] beside every vDSO since 3.16: where there is none, somebody unmapped it, or the kernel is older than it says.
 * What tells: the [vsyscall] of a 64-bit process was always there and readable before 3.16; it is --xp by default since
 * 5.3 (vsyscall=xonly), or not there. x86 adds AT_MINSIGSTKSZ to auxv since 5.14.
 */
const mayBeOlder = ({ host, auxv }: Evidence, vmas: readonly Vma[]): boolean => {
  if (isX86(host.machine) !== true || auxv?.entries.has(AT_MINSIGSTKSZ) === true) return false;
  const gate = vmas.find(({ name }) => name === '[vsyscall]');
  return gate === undefined ? !vmas.some(({ end }) => end > FOUR_GIB) : gate.read;
};

/**
 * First release whose vDSO is a named special mapping. x86: a62c34bd2a8a; arm64: 3.17; arm: its vDSO came as one (4.1).
 * The others come from their tree's history; a measured hint test goes before all of them.
 */
const SPECIAL_SINCE: readonly (readonly [RegExp, readonly [number, number]])[] = [
  [/^(x86_64|i[3-6]86)$/, [3, 16]],
  [/^aarch64/, [3, 17]],
  [/^arm/, [4, 1]],
  [/^mips/, [4, 4]],
  [/^s390/, [4, 16]],
  [/^sparc/, [4, 16]],
  [/^ppc/, [5, 12]],
  [/^riscv/, [5, 16]],
  [/^(loongarch|parisc)/, [5, 18]],
];

const isSpecial = (machine: string, release: Release): boolean | undefined => {
  const since = SPECIAL_SINCE.find(([pattern]) => pattern.test(machine))?.[1];
  return since === undefined ? undefined : atLeast(release, since[0], since[1]) === true;
};

/** Did the kernel that an image is of name the mapping itself? CRIU knows vvar by such a name alone. */
export const imageHasOwnNames = ({ host }: Evidence, vmas: readonly Vma[]): boolean => {
  const release = parseRelease(host.release);
  const known = release !== undefined && host.machine !== undefined && isSpecial(host.machine, release) === true;
  return known || vmas.some(isVvarNamed);
};

/** arch_vma_name of these answered by address until install_special_mapping() went in 6.12 (497258dfafcc), and stays. */
const OLD_NAMES = /^(sh|hexagon|csky)/;

const FOUR_GIB = 0x1_0000_0000n;
const UML_TOP = 0x80_0000_0000n;

const keepsOldNames = (evidence: Evidence): boolean => OLD_NAMES.test(evidence.host.machine ?? '');

/**
 * User-Mode Linux says x86_64 but has a vDSO of one page and never a [vvar] (arch/x86/um/vdso); the x86-64 image of a
 * real kernel with special mappings has two pages or more (one in 5.3 to 5.5), and a [vvar] unless somebody unmapped it.
 * UML has no [vsyscall], and until it got a fourth level of page tables (6.13) 39 bits of addresses.
 */
export const isUserMode = (evidence: Evidence, vmas: readonly Vma[]): boolean => {
  if (evidence.host.machine !== 'x86_64' || vmas.some(isVvarNamed)) return false;
  const release = parseRelease(evidence.host.release);
  if (release !== undefined && atLeast(release, 3, 16) !== true) return false;
  if (vmas.some(({ name, end }) => name === '[vsyscall]' || (end > UML_TOP && atLeast(release, 6, 13) === false)))
    return false;
  const reference = evidence.host.reference.get('x86_64');
  if (reference !== undefined && reference.length > 0) return reference.length === 1;
  const page = BigInt(evidence.host.pageSize);
  const named = vmas.filter((vma) => isVdsoNamed(vma) && isFileless(vma));
  // Until 5.10 a vDSO can be cut down to a page (special mappings split), and a 32-bit image may have no more.
  const mayBeCut = release === undefined || atLeast(release, 5, 11) !== true;
  return named.length > 0 && named.every((vma) => sizeOf(vma) === page && (!mayBeCut || vma.start > FOUR_GIB));
};
