import type { Told } from '../model/judged.js';
import type { Forecast } from '../model/verdict.js';

/** Would the process live on after a dump and a restore? Undefined: not known, which is no yes. */
export const survives = (outcome: Forecast | undefined): boolean | undefined => {
  if (failsDump(outcome)) return false;
  if (outcome?.restore === 'fail' || outcome?.restore === 'crash') return false;
  return outcome?.dump === undefined || outcome.restore === undefined ? undefined : true;
};

/** Is there no dump, whatever becomes of the process? */
export const failsDump = (outcome: Forecast | undefined): boolean =>
  outcome?.dump === 'fail' || outcome?.dump === 'fail-kills';

/** Nothing wrong was found, and a dump would not fail or lose anything. */
export const isWell = ({ verdict, forecast }: Told): boolean =>
  [...verdict.findings, ...(forecast?.findings ?? [])].every(({ severity }) => severity !== 'error');
