/**
 * Which check each CRIU would make to tell the vDSO, by the rules of its source: parasite_fixup_vdso and
 * get_vdso_check_type (criu/vdso.c; arch/x86/vdso.c before v1.8), kerndat.c.
 */

/** What this host is for CRIU: measured, not taken from the kernel's version. */
export interface CriuHost {
  /** Result of CRIU's own hint test; undefined: it could not be run. */
  readonly hintReliable: boolean | undefined;
  /** mremap of the vDSO is refused: the hint test's child exits with 2, and CRIU 3.5 and later do not start. */
  readonly sealed: boolean;
  /** Whoever runs this sees frame numbers in pagemap (PM_FULL); CRIU run by the same user would. */
  readonly pagemapFull: boolean;
  /** Processes have a [vvar_vclock] mapping (x86, 6.13 and later), which CRIU before 4.1 does not know. */
  readonly hasVclock: boolean;
}

export type Check = 'hint' | 'pfn' | 'symtable' | 'fails';

export interface EraCheck {
  /** "0.6 - 1.2", "4.1 and later". */
  readonly versions: string;
  /** Whether it starts on this kernel; undefined: not known. */
  readonly starts: boolean | undefined;
  /** How it tells the vDSO of a task of CRIU's own ABI. */
  readonly native: Check;
  /** How it tells that of a 32-bit task on a 64-bit kernel; undefined: it does not dump such tasks. */
  readonly compat: Check | undefined;
  readonly why: string;
}

/** Every era and what it would do here, were it started; `starts` says whether it can be. */
export const erasOn = (host: CriuHost): readonly EraCheck[] =>
  [
    { versions: '0.6 - 1.2', knowsVvar: false, ...beforeSymbols(host) },
    { versions: '1.3 - 1.8', ...beforeSymbols(host) },
    { versions: '2.0 - 2.12', ...framesOrSymbols(host), compat: undefined },
    { versions: '3.0 - 3.4', ...framesOrSymbols(host), compat: 'hint' as const },
    { versions: '3.5 - 4.0', testsHint: true, ...byHintTest(host) },
    { versions: '4.1 and later', testsHint: true, knowsVclock: true, ...byHintTest(host) },
  ].map((era) => withStart(era, host));

type Rule = Pick<EraCheck, 'native' | 'compat' | 'why'>;
interface Era extends Rule {
  readonly versions: string;
  /** Since v1.3 (fe7b8aeb8, 154d1c6c2); before, only [vdso] is looked for, and its bounds are not compared. */
  readonly knowsVvar?: boolean;
  readonly testsHint?: boolean;
  /** Since v4.1 (8ee2eba47). */
  readonly knowsVclock?: boolean;
}

/** v0.6, bc66eb535: page frames and nothing else; a frame number of 0 is an error (a BUG before v1.3). */
const beforeSymbols = (host: CriuHost): Rule => ({
  native: host.pagemapFull ? 'pfn' : 'fails',
  compat: undefined,
  why: host.pagemapFull ? 'knows no other check' : 'knows no other check, and pagemap hides frames here',
});

/** v2.0, d1db4faf9 and d7684252c. A 32-bit task keeps its hint since v3.0, b7c4ca512. */
const framesOrSymbols = (host: CriuHost): Rule => ({
  native: host.pagemapFull ? 'pfn' : 'symtable',
  compat: 'hint',
  why: host.pagemapFull
    ? 'pagemap shows frames (kdat.pmap is PM_FULL)'
    : 'pagemap hides frames, so each executable anonymous mapping is parsed as ELF',
});

/** The result of the 2017 RFD: kdat.vdso_hint_reliable (v3.5, ff28da950, 88de3d1cb). */
const byHintTest = (host: CriuHost): Rule => {
  if (host.hintReliable === true)
    return { native: 'hint', compat: 'hint', why: 'its own mremap test sets kdat.vdso_hint_reliable' };
  const { native, why } = framesOrSymbols(host);
  return { native, compat: 'hint', why: `its own mremap test does not set kdat.vdso_hint_reliable; ${why}` };
};

const withStart = (era: Era, host: CriuHost): EraCheck => {
  const { versions, native, compat, why } = era;
  const plain = { versions, native, compat };
  if (host.hasVclock && era.knowsVvar === false)
    return { ...plain, starts: undefined, why: `${why}; made before kernels had [vvar], and not tried` };
  if (host.hasVclock && era.knowsVclock !== true)
    return { ...plain, starts: false, why: `does not know [vvar_vclock]: "Unexpected rt vDSO area bounds" (${why})` };
  if (host.sealed && era.testsHint === true)
    return {
      ...plain,
      starts: false,
      why: 'the vDSO is sealed: its test stops with "Child unexpectedly exited with 2"',
    };
  return { ...plain, starts: true, why };
};

/** The era of a version ("3.17.1"); undefined for one before 0.6, which knows nothing of vDSOs, or no version at all. */
export const eraOf = (version: string, eras: readonly EraCheck[]): EraCheck | undefined => {
  const wanted = numbers(version);
  return wanted.some(Number.isNaN) ? undefined : eras.filter((era) => !isBefore(wanted, numbers(firstOf(era)))).at(-1);
};

const firstOf = ({ versions }: EraCheck): string => versions.split(' ')[0] ?? '';
const numbers = (version: string): readonly number[] => version.split('.').map(Number);
const isBefore = (
  [major = 0, minor = 0]: readonly number[],
  [otherMajor = 0, otherMinor = 0]: readonly number[],
): boolean => major < otherMajor || (major === otherMajor && minor < otherMinor);
