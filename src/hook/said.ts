import { compare } from '../analyze/compare.js';
import { pair } from '../analyze/pair.js';
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
  judged.flatMap((one) => {
    const { forecast } = one;
    const objection = forecast === undefined ? undefined : objectionTo(forecast, veto, dumped);
    if (objection === undefined) return [];
    const why = forecast?.findings.find(({ severity }) => severity !== 'info')?.text;
    return [`${who(one)} ${objection}${why === undefined ? '' : `: ${why}`}`];
  });

const objectionTo = ({ dump, restore, loss }: Forecast, veto: Veto, dumped: boolean): string | undefined => {
  if (!dumped && dump === 'fail') return 'cannot be dumped';
  if (!dumped && dump === 'fail-kills') return 'would be killed by its dump';
  if (restore === 'fail') return 'could not be restored';
  if (restore === 'crash') return 'would crash when it is restored';
  return veto === 'loss' && loss !== undefined && loss.length > 0 ? `would lose ${loss.join(' and ')}` : undefined;
};

/**
 * What a restored tree has not as it was dumped, one sentence each; what nobody can notice is left out, and so are the
 * namespaces: a restore makes those of a container anew, and a time namespace for everybody (CRIU 3.14). Pure.
 */
export const differencesSince = (dumped: readonly Judged[], restored: readonly Judged[]): readonly string[] => {
  const { pairs, onlyBefore, onlyAfter } = pair(dumped, restored);
  return [
    ...onlyBefore.map((one) => `${who(one)} was dumped and has not come back`),
    ...onlyAfter.map((one) => `${who(one)} was not dumped`),
    ...pairs.flatMap(({ before, after }) =>
      compare(before, after)
        .filter(({ noticeable, field }) => noticeable !== 'no' && field !== 'namespace')
        .map(({ text, noticeable }) => `${who(after)}: ${text}${noticeable === 'maybe' ? ' (it may not notice)' : ''}`),
    ),
  ];
};

const who = ({ evidence: { process } }: Judged): string => `process ${process.pid} (${printable(process.comm ?? '?')})`;
