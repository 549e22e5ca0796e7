import type { CriuVersion } from '../judge/criu/version.js';

export const versionText = ({ major, minor, patch }: CriuVersion): string =>
  patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`;

/** Negative: older than the other. */
export const compareVersions = (one: CriuVersion, other: CriuVersion): number =>
  one.major - other.major || one.minor - other.minor || one.patch - other.patch;

/** Whether that CRIU starts on a kernel at all. */
export interface CanRun {
  readonly runs: boolean;
  readonly why: string;
}

/**
 * CRIU before 4.1 does not know [vvar_vclock], which x86 has since Linux 6.13: it stops at every start with
 * "Unexpected rt vDSO area bounds" (seen with 3.17.1). `hasVclock` as measured.
 */
export const canRunOn = (version: CriuVersion, host: { readonly hasVclock: boolean }): CanRun => {
  const knowsVclock = compareVersions(version, { major: 4, minor: 1, patch: 0 }) >= 0;
  return host.hasVclock && !knowsVclock
    ? { runs: false, why: `CRIU ${versionText(version)} does not know [vvar_vclock]; use 4.1 or later` }
    : { runs: true, why: '' };
};
