import { CURRENT_CRIU, NEWEST_CRIU } from '../../model/verdict.js';
import { compareVersions, parseCriuVersion } from './version.js';

/** No rule has an end: a CRIU newer than the sources that were read is forecast as the newest of them. The sentence that
 * says so; undefined for one that is known. A patch level brings no rule. */
export const newerThanKnown = (criu: string): string | undefined => {
  const version = parseCriuVersion(criu);
  if (version === undefined || compareVersions({ ...version, patch: 0 }, CURRENT_CRIU) <= 0) return undefined;
  return `CRIU ${criu} is newer than what is known: it is taken to do as ${NEWEST_CRIU} does.`;
};
