import type { CriuVersion } from '../judge/criu/version.js';

export const versionText = ({ major, minor, patch }: CriuVersion): string =>
  patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`;

/** Negative: older than the other. */
export const compareVersions = (one: CriuVersion, other: CriuVersion): number =>
  one.major - other.major || one.minor - other.minor || one.patch - other.patch;
