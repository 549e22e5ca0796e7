import { atLeast, type Release } from '../release.js';
import { type CriuVersion, criuAtLeast } from './version.js';

/** What of a kernel decides whether a CRIU starts on it. */
export interface StartKernel {
  /** Its processes have [vvar_vclock] between [vvar] and [vdso]: x86 since 6.13 (e93d2521b27f). */
  readonly hasVclock: boolean;
  /** Its vDSO has a GNU hash table and no other, see `hasOnlyGnuHash`. */
  readonly onlyGnuHash: boolean;
  /** Its vDSO is big-endian: s390x, of the machines that CRIU is made for. */
  readonly bigEndian: boolean;
}

/** Why a CRIU stops at every start on a kernel, whatever it is asked for. */
export interface NoStart {
  /** Said of the kernel. */
  readonly text: string;
  /** Said of the CRIU. */
  readonly lacks: string;
  /** The line it prints. */
  readonly line: string;
  /** The version of one that does start. */
  readonly use: string;
}

/** CRIU learned the first two with 4.1, and forgot the third for 4.2 alone; undefined: it starts. */
export const noStart = (
  version: CriuVersion,
  { hasVclock, onlyGnuHash, bigEndian }: StartKernel,
): NoStart | undefined => {
  if (criuAtLeast(version, 4, 1))
    return bigEndian && version.major === 4 && version.minor === 2 ? NO_BIG_ENDIAN : undefined;
  if (hasVclock) return NO_VCLOCK;
  return onlyGnuHash ? NO_GNU_HASH : undefined;
};

/** 8ee2eba47, issue 2532; seen with 3.17.1. */
const NO_VCLOCK: NoStart = {
  text: 'This kernel has [vvar_vclock] between [vvar] and [vdso] (6.13 and later), and CRIU before 4.1 gives up there',
  lacks: 'does not know [vvar_vclock]',
  line: 'Unexpected rt vDSO area bounds',
  use: '4.1 or later',
};

/** d85550157, issue 2570. */
const NO_GNU_HASH: NoStart = {
  text: 'The arm64 vDSO of 6.11 and later has a GNU hash table only, which CRIU before 4.1 cannot read',
  lacks: 'cannot read a vDSO that has a GNU hash table only',
  line: 'Not all dynamic entries are present',
  use: '4.1 or later',
};

/** 2d2168fc9 compares with ELFDATA2LSB (has_elf_identity, criu/pie/util-vdso.c); pull request 3059 came after 4.2. */
const NO_BIG_ENDIAN: NoStart = {
  text: 'The vDSO of s390x is big-endian, which CRIU 4.2 refuses',
  lacks: 'refuses a big-endian vDSO',
  line: 'Unsupported ELF data encoding: 2',
  use: '4.1, or one with its pull request 3059',
};

/** What the machine and the release tell of the vDSO. No CRIU is made for another big-endian machine (its Makefile). */
export const vdsoFormat = (
  machine: string | undefined,
  release: Release | undefined,
): Pick<StartKernel, 'onlyGnuHash' | 'bigEndian'> => ({
  onlyGnuHash: hasOnlyGnuHash(machine, release),
  bigEndian: machine === 's390x',
});

/** arm64 since 6.11 (48f6430505c0), as far as the release is known. */
export const hasOnlyGnuHash = (machine: string | undefined, release: Release | undefined): boolean =>
  machine === 'aarch64' && atLeast(release, 6, 11) === true;
