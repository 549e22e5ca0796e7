import type { Judged } from '../model/judged.js';
import type { Forecast } from '../model/verdict.js';
import { printable } from '../text/escape.js';

/** What is enough to stop a dump. restore: a process would not come back; loss: it would come back with less. */
export type Veto = 'none' | 'restore' | 'loss';

/**
 * What speaks against the dump, one sentence a process; empty: nothing is known against it. Pure. `dumped`: it has
 * been dumped already, so only what comes after counts.
 */
export const objections = (judged: readonly Judged[], veto: Veto, dumped: boolean): readonly string[] =>
  judged.flatMap(({ evidence, forecast }) => {
    const objection = forecast === undefined ? undefined : objectionTo(forecast, veto, dumped);
    if (objection === undefined) return [];
    const why = forecast?.findings.find(({ severity }) => severity !== 'info')?.text;
    const who = `process ${evidence.process.pid} (${printable(evidence.process.comm ?? '?')})`;
    return [`${who} ${objection}${why === undefined ? '' : `: ${why}`}`];
  });

const objectionTo = ({ dump, restore, loss }: Forecast, veto: Veto, dumped: boolean): string | undefined => {
  if (!dumped && dump === 'fail') return 'cannot be dumped';
  if (!dumped && dump === 'fail-kills') return 'would be killed by its dump';
  if (restore === 'fail') return 'could not be restored';
  if (restore === 'crash') return 'would crash when it is restored';
  return veto === 'loss' && loss !== undefined && loss.length > 0 ? `would lose ${loss.join(' and ')}` : undefined;
};
