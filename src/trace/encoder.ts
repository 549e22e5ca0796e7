import { createHash } from 'node:crypto';
import type { Evidence } from '../model/evidence.js';
import { type HistoryLine, TRACER } from '../model/state.js';
import { openStore } from '../model/store.js';
import type { Census, Happening, Observation, Snapshot } from '../pipeline/observation.js';
import { eventLine as machineLine } from '../report/event-json.js';
import { CHECK, openBlockText } from './block-text.js';
import { eventLine } from './encode-event.js';
import { evidenceJson } from './encode-evidence.js';
import { openNames } from './encode-names.js';
import type { Header, Hook } from './format.js';
import { jsonOf } from './json-text.js';
import { SNAPSHOTS } from './limits.js';

/** One frame: what the reducer is given in one go, and what goes with it. */
interface FrameToWrite {
  readonly observations: readonly Observation[];
  /** Boot clock of the newest thing so far, ns. */
  readonly at: bigint;
  /** Time of day minus boot clock, ns. */
  readonly offset: bigint;
  /** What was said of it, in order. */
  readonly lines?: readonly HistoryLine[];
  /** Verdicts that have changed, for readers of the file. */
  readonly verdicts?: readonly object[];
  /** Not news: what was known already when this file was begun. */
  readonly base?: boolean;
}

export interface Encoder {
  readonly header: (header: Omit<Header, 'record'>) => string;
  readonly frame: (frame: FrameToWrite) => string;
  readonly hook: (hook: Omit<Hook, 'record'>) => string;
  /** From here on nothing written before is named: for a new file, and now and then so that damage ends somewhere. */
  readonly forget: () => void;
}

/** Turns what the reducer is given into the text of a recording, in whole blocks. The inverse is decoder.ts. */
export const openEncoder = (): Encoder => {
  /** By pid: the newest snapshot written in full; `hash` of it without its times. */
  const snapshots = openStore<number, { readonly id: number; readonly hash: string }>(SNAPSHOTS.most);
  const { line, unchanged, close, bound, taken } = openBlockText();
  let census: { readonly id: number; readonly pids: ReadonlySet<number> } | undefined;
  let serial = 0;
  let frames = 0;
  let sinceForgotten = 0;
  let offset: bigint | undefined;
  /** Lines of this frame that are not written yet: each goes with its event, or by itself in its place. */
  let unsaid: readonly HistoryLine[] = [];

  const number = (): number => {
    serial += 1;
    return serial;
  };

  const names = openNames(line, number);

  const snapshot = ({ pid, startedAt, evidence }: Snapshot): void => {
    const body = jsonOf(evidenceJson(evidence, names));
    const hash = createHash('sha256').update(body, 'latin1').digest('base64');
    const known = snapshots.get(pid);
    if (known?.hash === hash && unchanged({ pid, id: known.id, startedAt, takenAt: evidence.takenAt })) return;
    const id = number();
    snapshots.put(pid, { id, hash });
    line(
      `{"record":"snapshot","id":${id},"pid":${pid},"startedAt":"${startedAt}","takenAt":${timeOrNull(evidence)},"evidence":${body}}`,
    );
  };

  const writeCensus = ({ at, pids }: Census): void => {
    const before = census?.pids ?? new Set();
    const gone = [...before].filter((pid) => !pids.has(pid));
    const added = [...pids].filter((pid) => !before.has(pid));
    const id = number();
    line(
      `{"record":"census","id":${id},"since":${census?.id ?? null},"at":"${at}","gone":[${gone.join(',')}],"added":[${added.join(',')}]}`,
    );
    for (const pid of gone) snapshots.delete(pid);
    census = { id, pids };
  };

  const happening = (observation: Happening): void => {
    let index = 0;
    while (index < AHEAD && unsaid[index]?.event !== observation.event) index += 1;
    const said = unsaid[index];
    if (said?.event !== observation.event || !isOwnLine(said, observation)) line(eventLine(observation));
    else {
      say(unsaid.slice(0, index));
      unsaid = unsaid.slice(index + 1);
      line(eventLine(observation, said));
    }
  };

  const say = (lines: readonly HistoryLine[]): void => {
    for (const one of lines) line(jsonOf({ record: 'said', line: machineLine(one, offset ?? 0n) }));
  };

  const observe = (observation: Observation): void => {
    switch (observation.kind) {
      case 'event':
        happening(observation);
        break;
      case 'snapshot':
        snapshot(observation);
        break;
      case 'census':
        writeCensus(observation);
        break;
      case 'swept':
      case 'tick':
        line(`{"record":"${observation.kind}","at":"${observation.at}"}`);
        break;
      default:
        observation satisfies never;
    }
    bound();
  };

  const forget = (): void => {
    names.forget();
    snapshots.clear();
    census = undefined;
    offset = undefined;
    sinceForgotten = 0;
  };

  const single = (record: object): string => {
    line(jsonOf(record));
    close(CHECK);
    return given();
  };

  const given = (): string => {
    const text = taken();
    sinceForgotten += text.length;
    return text;
  };

  return {
    header: (header) => single({ record: 'header', ...header }),
    hook: (hook) => single({ record: 'hook', ...hook }),
    frame: ({ observations, at, offset: now, lines = [], verdicts = [], base = false }) => {
      if (sinceForgotten >= FORGET_AFTER) forget();
      if (now !== offset) line(`{"record":"clock","offset":"${now}"}`);
      offset = now;
      unsaid = lines;
      for (const observation of observations) observe(observation);
      say(unsaid);
      for (const verdict of verdicts) line(jsonOf(verdict));
      frames += 1;
      close(
        `{"record":"frame","frame":${frames},"at":"${at}","observations":${observations.length}${base ? ',"base":true' : ''}`,
      );
      return given();
    },
    forget,
  };
};

/** So many lines that are about no event may stand before that of an event. */
const AHEAD = 8;
const FORGET_AFTER = 64 * 1024 * 1024;

const timeOrNull = ({ takenAt }: Evidence): string => (takenAt === undefined ? 'null' : `"${takenAt}"`);

/** The line says nothing of who and when that the event does not. */
const isOwnLine = (line: HistoryLine, { event, target }: Happening): boolean => {
  const isTracers = !('tgid' in event);
  return (
    line.at === event.at &&
    line.pid === (isTracers ? 0 : event.tgid) &&
    line.comm === (isTracers ? TRACER : event.comm) &&
    line.finding === undefined &&
    line.gone === undefined &&
    (line.target === undefined || line.target === target)
  );
};
