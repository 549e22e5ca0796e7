import type { Static } from '@sinclair/typebox';
import { hintWord, stateWord } from '../judge/words.js';
import type { WatchState } from '../model/state.js';
import type { Finding, Verdict } from '../model/verdict.js';
import type { Observation } from '../pipeline/observation.js';
import { hex } from '../text/hex.js';
import type { VerdictRecord } from './format.js';

type Written = Static<typeof VerdictRecord>;

/**
 * Tells which verdicts a frame has changed, for readers of the file. What is as it should be is told only where it was
 * not so before.
 */
export const verdictChanges = () => {
  const told = new Map<string, string>();
  return (observations: readonly Observation[], state: WatchState): readonly Written[] => {
    const changes: Written[] = [];
    for (const observation of observations) {
      if (observation.kind !== 'snapshot') continue;
      const { pid, comm, startTicks } = observation.evidence.process;
      const process = state.processes.get(`${pid}@${startTicks}`);
      const space = process === undefined ? undefined : state.spaces.get(process.space);
      if (space?.verdict === undefined) continue;
      const change = written(space.verdict);
      const text = JSON.stringify(change);
      if (told.get(space.id) === text || (isPlain(space.verdict) && !told.has(space.id))) continue;
      told.set(space.id, text);
      changes.push({
        record: 'verdict',
        at: observation.startedAt.toString(),
        pid,
        comm: comm ?? '',
        space: space.id,
        ...change,
      });
    }
    if (told.size > MOST) for (const id of told.keys()) if (!state.spaces.has(id)) told.delete(id);
    return changes;
  };
};

const MOST = 10_000;

const isPlain = ({ findings, hint, vdso }: Verdict): boolean =>
  findings.length === 0 && (hint === 'ok' || hint === undefined) && vdso !== null;

const written = (verdict: Verdict) => ({
  state: stateWord(verdict),
  ...(verdict.vdso === undefined ? {} : { vdso: verdict.vdso === null ? null : hex(verdict.vdso.start) }),
  hint: hintWord(verdict),
  findings: verdict.findings.map(findingWord),
});

const findingWord = ({ code, mapping }: Finding): string => (mapping === undefined ? code : `${code} ${hex(mapping)}`);
