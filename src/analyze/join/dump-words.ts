import type { CriuLog } from '../../criu/log/log.js';
import { hasStatus } from '../../criu/status.js';
import type { Choice } from '../../model/chapter.js';
import { hex } from '../../text/hex.js';
import { IS, TOOK } from './choices.js';
import { dumpLines } from './outcome.js';
import type { Witness } from './witness.js';

/** What CRIU made of the process, and whether it took the right mapping for the vDSO. */
export const dumpWords = (image: Witness, choices: readonly Choice[]): readonly string[] => {
  const dump = image.criu?.logs.dump;
  const who = dump?.version === undefined ? 'CRIU' : `CRIU ${dump.version}`;
  const error = dumpLines(image).find(({ severity }) => severity === 'error');
  const failed = dump?.ended === 'failure' || (image.criu?.process === undefined && error !== undefined);
  if (dump !== undefined && failed) {
    const why = error === undefined ? '' : `: ${error.meaning} (dump.log, line ${error.line})`;
    return [`${who} failed to dump it${why}`];
  }
  if (image.criu?.process === undefined) {
    if (dump === undefined) return [];
    return [
      dump.ended === 'success'
        ? `${who} dumped it; its image is not here`
        : `where the log ends, ${who} was dumping it`,
    ];
  }
  const { areas } = image.criu.process;
  if (image.criu.process.dead) return [`${who} dumped it: it had ended and waited for its parent, without memory`];
  if (areas === undefined) return [`${who} dumped it; its mappings are not in the image`];
  const took = areas.filter(({ status }) => hasStatus(status, 'vdso'));
  const place = took.length === 0 ? 'nothing' : took.map(({ start }) => hex(start)).join(' and ');
  const wrong = choices.filter(({ right }) => !right);
  const judgement =
    wrong.length === 0
      ? choices.length === 0 || took.some(({ start }) => !choices.some((choice) => choice.start === start))
        ? ''
        : ': right'
      : `: wrong, ${wrong.map(({ start, took: one, class: kind }) => `${hex(start)} is ${IS[kind]} and was ${one === 'left out' ? 'left out' : `taken for ${TOOK[one]}`}`).join('; ')}`;
  return [`${who} dumped it and took ${place} for the vDSO${checkWords(dump, image)}${judgement}`];
};

const checkWords = (dump: CriuLog | undefined, image: Witness): string => {
  const own = dumpLines(image).find(({ code }) => code.startsWith('check-'));
  const any = own ?? dump?.findings.find(({ code }) => code.startsWith('check-') && code !== 'check-failed');
  const word = any === undefined ? undefined : CHECKS.get(any.code);
  return word === undefined ? '' : `, ${word}`;
};

const CHECKS = new Map([
  ['check-none', 'by its name'],
  ['check-pfn', 'by page frame'],
  ['check-symtable', 'by symbol table'],
]);
