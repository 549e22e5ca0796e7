import { ifSeized } from '../judge/forecast/refused.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import type { Forecast } from '../model/verdict.js';
import { readProcess } from '../proc/process.js';
import { isGone } from '../proc/unread.js';
import { ownImage } from './host-images.js';

/**
 * What that CRIU would do with a process, by a full reading of it now, as `check` takes one: what a watch keeps of its
 * readings is not enough for it. Undefined for a process that has gone.
 */
export const foretell = (pid: number, criu: string): Forecast | undefined => {
  const evidence = readProcess(pid, 'full');
  if (isGone(evidence)) return undefined;
  const verdict = judge(evidence);
  const written = verdict.vdso?.modifiedPages?.length !== 0;
  return ifSeized(evidence, forecast(evidence, verdict, criu, written ? ownImage() : []));
};
