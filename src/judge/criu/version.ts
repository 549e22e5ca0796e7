import { CURRENT_CRIU, NEWEST_CRIU } from '../../model/verdict.js';

/** A CRIU version; what follows "4.2" in "4.2-22-g2cf8f13ca" decides nothing, a patch level that is not named is 0. */
export interface CriuVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** "4.2", "v4.1.1", "3.17.1-dirty", "Version: 3.17.1\nGitID: ..."; undefined when there is no version in it. */
export const parseCriuVersion = (text: string): CriuVersion | undefined => {
  const found = /^(?:Version:\s*|v)?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])/m.exec(text.trim());
  return found === null
    ? undefined
    : { major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3] ?? 0) };
};

export const criuAtLeast = (version: CriuVersion, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor);

/** As CRIU names it: "4.2", "4.1.1". */
export const versionText = ({ major, minor, patch }: CriuVersion): string =>
  patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`;

/** Negative: older than the other. */
export const compareVersions = (one: CriuVersion, other: CriuVersion): number =>
  one.major - other.major || one.minor - other.minor || one.patch - other.patch;

/** No rule has an end: a CRIU newer than the sources that were read is forecast as the newest of them. The sentence that
 * says so; undefined for one that is known. A patch level brings no rule. */
export const newerThanKnown = (criu: string): string | undefined => {
  const version = parseCriuVersion(criu);
  if (version === undefined || compareVersions({ ...version, patch: 0 }, CURRENT_CRIU) <= 0) return undefined;
  return `CRIU ${criu} is newer than what is known: it is taken to do as ${NEWEST_CRIU} does.`;
};
