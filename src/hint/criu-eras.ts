import { noStart, type StartKernel } from '../judge/criu/start.js';
import { type CriuVersion, compareVersions } from '../judge/criu/version.js';

/**
 * Which check each CRIU would make to tell the vDSO, by the rules of its source: parasite_fixup_vdso and
 * get_vdso_check_type (criu/vdso.c; arch/x86/vdso.c before v1.8), kerndat.c.
 */

/** What this host is for CRIU: measured, not taken from the kernel's version, but for the hash tables. */
export interface CriuHost extends StartKernel {
  /** Result of CRIU's own hint test; undefined: it could not be run. */
  readonly hintReliable: boolean | undefined;
  /** mremap of the vDSO is refused: the hint test's child exits with 2, and CRIU 3.5 and later do not start. */
  readonly sealed: boolean;
  /** Whoever runs this sees frame numbers in pagemap (PM_FULL); CRIU run by the same user would. */
  readonly pagemapFull: boolean;
}

type Check = 'hint' | 'pfn' | 'symtable' | 'fails' | 'unknown';

export interface EraCheck {
  readonly first: CriuVersion;
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
    { first: version(0, 6), versions: '0.6 - 1.2', ...framesOnly(host) },
    { first: version(1, 3), versions: '1.3 - 1.8', ...framesOnly(host) },
    { first: version(2, 0), versions: '2.0 - 2.12', ...framesOrSymbols(host), compat: undefined },
    { first: version(3, 0), versions: '3.0 - 3.4', ...framesOrSymbols(host), compat: 'hint' as const },
    { first: version(3, 5), versions: '3.5 - 4.0', ...byHintTest(host) },
    ...newest(host).map((era) => ({ ...era, ...byHintTest(host) })),
  ].map((era) => withStart(era, host));

/** On a big-endian machine 4.2 is an era of its own (judge/criu/start.ts); nothing newer is known. */
const newest = ({ bigEndian }: CriuHost): readonly Pick<EraCheck, 'first' | 'versions'>[] =>
  bigEndian
    ? [
        { first: version(4, 1), versions: '4.1' },
        { first: version(4, 2), versions: '4.2' },
      ]
    : [{ first: version(4, 1), versions: '4.1 and later' }];

const version = (major: number, minor: number): CriuVersion => ({ major, minor, patch: 0 });
/** Before, only [vdso] is looked for, and its bounds are not compared with those of [vvar] (fe7b8aeb8, 154d1c6c2). */
const KNOWS_VVAR = version(1, 3);
const TESTS_HINT = version(3, 5);

type Rule = Pick<EraCheck, 'native' | 'compat' | 'why'>;
type Era = Rule & Pick<EraCheck, 'first' | 'versions'>;

/** v0.6, bc66eb535: page frames and nothing else; a frame number of 0 is an error (a BUG before v1.3). */
const framesOnly = (host: CriuHost): Rule => ({
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
  // It forks its test and execs nothing: where ours found no folder to start from, its own may well run.
  if (host.hintReliable === undefined && !host.sealed)
    return {
      native: 'unknown',
      compat: 'hint',
      why: `the hint where its own mremap test works, which could not be tried; else ${native} (${why})`,
    };
  return { native, compat: 'hint', why: `its own mremap test does not set kdat.vdso_hint_reliable; ${why}` };
};

const withStart = (era: Era, host: CriuHost): EraCheck => {
  const { first, why } = era;
  const stops = noStart(first, host);
  if (stops !== undefined && compareVersions(first, KNOWS_VVAR) < 0)
    return { ...era, starts: undefined, why: `${why}; made before kernels had [vvar], and not tried` };
  if (stops !== undefined) return { ...era, starts: false, why: `${stops.lacks}: "${stops.line}" (${why})` };
  if (host.sealed && compareVersions(first, TESTS_HINT) >= 0)
    return { ...era, starts: false, why: 'the vDSO is sealed: its test stops with "Child unexpectedly exited with 2"' };
  return { ...era, starts: true };
};

/** The era of a version; undefined for one before 0.6, which knows nothing of vDSOs. */
export const eraOf = (wanted: CriuVersion, eras: readonly EraCheck[]): EraCheck | undefined =>
  eras.filter(({ first }) => compareVersions(first, wanted) <= 0).at(-1);
