import type { Evidence } from '../model/evidence.js';
import type { Forecast, Verdict } from '../model/verdict.js';

/**
 * What CRIU of that version ("3.17.1", "4.2") does with this process on the same kernel, by its own rules. What the
 * facts do not support stays undefined.
 */
export const forecast = (_evidence: Evidence, _verdict: Verdict, criuVersion: string): Forecast => ({
  criu: criuVersion,
  dump: undefined,
  restore: undefined,
  loss: undefined,
  findings: [],
});
