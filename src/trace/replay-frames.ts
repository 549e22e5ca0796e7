import { judge } from '../judge/judge.js';
import type { HistoryLine, HostStatus } from '../model/state.js';
import { judged } from '../pipeline/judged.js';
import { judgedBefore } from '../pipeline/judged-before.js';
import { closeFrame, type Frame, openLedger } from '../pipeline/ledger.js';
import type { Observation } from '../pipeline/observation.js';
import { step } from '../pipeline/step.js';
import type { Header } from './format.js';
import { leavesGap, type TraceFrame, type TraceItem } from './items.js';

/** What a live run had after a frame. */
export interface Replayed {
  readonly frame: Frame;
  /** Boot clock of the newest thing in it, ns. */
  readonly at: bigint;
  /** Time of day minus boot clock, ns. */
  readonly offset: bigint;
}

/**
 * The states that a live run had, made again by the same code from what it was given. Where something is lost, the
 * state is told so as it is live: by a gap, after which nothing old is trusted. `keepsLines` (pipeline/ledger.ts): for
 * who takes the lines of each frame, histories would be a third of what there is to collect.
 */
export const openReplay = (keepsLines = true) => {
  let reducer = openReducer(NOBODY, keepsLines);
  let header: Header | undefined;
  let continues = false;
  let lostFrom: bigint | undefined;
  let at = 0n;

  const begin = (next: Header): void => {
    continues = header !== undefined && next.session === header.session && next.part === header.part + 1;
    if (!continues) {
      reducer = openReducer(next.host, keepsLines);
      lostFrom = undefined;
    }
    header = next;
  };

  const frame = ({ content, base, ...when }: TraceFrame): Replayed | undefined => {
    // The beginning of a rotated file says again what its predecessor has shown.
    if (base && continues && lostFrom === undefined) return undefined;
    const given = lostFrom === undefined ? content : [gap(lostFrom, firstTime(content) ?? when.at), ...content];
    lostFrom = undefined;
    at = when.at;
    const { state, lines } = reducer(given);
    // What was known before is no news.
    return { frame: { state, lines: base ? [] : lines }, at, offset: when.offset };
  };

  return (item: TraceItem): Replayed | undefined => {
    switch (item.kind) {
      case 'frame':
        return frame(item.frame);
      case 'header':
        begin(item.header);
        return undefined;
      case 'damage':
        if (leavesGap(item.damage)) lostFrom ??= at;
        return undefined;
      case 'hook':
      case 'foreign':
        return undefined;
    }
  };
};

const openReducer = (host: HostStatus, keepsLines: boolean): ((observations: readonly Observation[]) => Frame) => {
  const ledger = openLedger(host, keepsLines);
  const judgeNew = judged(judgedBefore(judge));
  return (observations) => closeFrame(judgeNew(step(ledger, observations)));
};

const NOBODY: HostStatus = { name: '', release: '', machine: '', privileged: false };

const gap = (from: bigint, at: bigint): Observation => ({
  kind: 'event',
  event: { kind: 'gap', from, at: at > from ? at : from, cause: 'lost', lost: undefined },
  target: undefined,
  snapshot: 'none',
});

const firstTime = ([first]: readonly Observation[]): bigint | undefined => {
  if (first === undefined) return undefined;
  if (first.kind === 'event') return first.event.at;
  return first.kind === 'snapshot' ? first.startedAt : first.at;
};

export interface FoundFinding {
  /** Of the process, in the state that is shown then. */
  readonly process: string | undefined;
  readonly line: HistoryLine;
}

/** The worst of them, and whose it is. */
export const alarmOf = ({ lines, state }: Replayed['frame']): FoundFinding | undefined => {
  const alarms = lines.filter(isAlarm);
  const line = alarms.find(({ severity }) => severity === 'error') ?? alarms[0];
  if (line === undefined) return undefined;
  const process = [...state.processes.values()].find(({ pid, space }) => pid === line.pid && space === line.space);
  return { process: process?.key, line };
};

/** A finding that is more than information. */
export const isAlarm = ({ finding, gone, severity }: Replayed['frame']['lines'][number]): boolean =>
  finding !== undefined && gone !== true && severity !== 'info';
