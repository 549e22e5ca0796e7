import { compare } from '../analyze/compare.js';
import { pair } from '../analyze/pair.js';
import type { Judged } from '../model/judged.js';
import { printable } from '../text/escape.js';

/**
 * What a restored tree has not as it was dumped, one sentence each; what nobody can notice is left out, and so are the
 * namespaces: a restore makes those of a container anew, and a time namespace for everybody (CRIU 3.14). Pure.
 */
export const differencesSince = (dumped: readonly Judged[], restored: readonly Judged[]): readonly string[] => {
  const { pairs, onlyBefore, onlyAfter } = pair(dumped, restored);
  const who = ({ evidence: { process } }: Judged): string =>
    `process ${process.pid} (${printable(process.comm ?? '?')})`;
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
