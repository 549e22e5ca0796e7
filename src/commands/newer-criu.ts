import { newerThanKnown } from '../judge/criu/newer.js';
import { say } from '../report/complain.js';

/** A forecast for a CRIU that nobody has looked at yet is not given in silence. */
export const sayIfNewer = (criu: string): void => {
  const newer = newerThanKnown(criu);
  if (newer !== undefined) say(newer);
};
