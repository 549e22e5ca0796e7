import { type CriuVersion, parseCriuVersion } from '../judge/criu/version.js';

/** The newest one whose source these rules were read from. */
export const NEWEST_KNOWN = '4.2';

export const versionText = ({ major, minor, patch }: CriuVersion): string =>
  patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`;

/** Negative: older than the other. */
export const compareVersions = (one: CriuVersion, other: CriuVersion): number =>
  one.major - other.major || one.minor - other.minor || one.patch - other.patch;

export const isNewerThanKnown = (version: CriuVersion): boolean => {
  const known = parseCriuVersion(NEWEST_KNOWN);
  return known !== undefined && compareVersions({ ...version, patch: 0 }, known) > 0;
};

/** Whether that CRIU starts on a kernel at all. */
export interface CanRun {
  readonly runs: boolean;
  readonly why: string;
}

/**
 * CRIU before 4.1 does not know [vvar_vclock], which x86 has since Linux 6.13: it stops at every start with
 * "Unexpected rt vDSO area bounds" (seen with 3.17.1). `hasVclock` as measured; by the release where it was not.
 */
export const canRunOn = (version: CriuVersion, host: { readonly hasVclock: boolean }): CanRun => {
  const knowsVclock = compareVersions(version, { major: 4, minor: 1, patch: 0 }) >= 0;
  return host.hasVclock && !knowsVclock
    ? { runs: false, why: `CRIU ${versionText(version)} does not know [vvar_vclock]; use 4.1 or later` }
    : { runs: true, why: '' };
};

/** Does that kernel give x86 processes a [vvar_vclock] (e93d2521b27f, 6.13)? undefined: the release says nothing. */
export const hasVclockByRelease = (machine: string | undefined, release: string | undefined): boolean | undefined => {
  if (machine !== undefined && machine !== 'x86_64') return false;
  const numbers = /^(\d{1,3})\.(\d{1,3})\b/.exec(release ?? '');
  if (machine === undefined || numbers === null) return undefined;
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  return major > 6 || (major === 6 && minor >= 13);
};
