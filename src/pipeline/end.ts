import type { ExitEvent } from '../model/event.js';
import { isFault, killerOf } from '../model/wait-status.js';
import type { Concerned } from './concerned.js';
import type { Ledger } from './ledger.js';
import { onExit } from './life.js';
import type { SpaceRecord } from './records.js';
import { exitWords } from './words.js';

/**
 * The end of a process, or of a thread. A program that dies of a fault after its vDSO was taken from where it was put
 * is what one has been waiting for: libc goes on calling the old place, and a vDSO without its vvar reads other memory.
 */
export const onEnd = (
  ledger: Ledger,
  event: ExitEvent,
): Concerned & { readonly text: string; readonly severity: 'info' | 'warning' } => {
  const concerned = onExit(ledger, event);
  const killer = killerOf(event.status ?? 0);
  const words = exitWords(event);
  const taken =
    event.wholeProcess && killer !== undefined && isFault(killer) ? takenFrom(concerned.space, event.at) : undefined;
  return taken === undefined
    ? { ...concerned, text: words, severity: 'info' }
    : {
        ...concerned,
        text: `${words}, ${afterWords(event.at - taken.at)} its vDSO was ${taken.how}`,
        severity: 'warning',
      };
};

interface Taken {
  readonly at: bigint;
  readonly how: string;
}

/** The newest call that left it without a vDSO where it was put; undefined: none was seen, or it was taken back. */
const takenFrom = (space: SpaceRecord | undefined, until: bigint): Taken | undefined => {
  if (space === undefined) return undefined;
  const { past, placedAt, presence } = space;
  if (presence?.there === false && presence.at <= until) return { at: presence.at, how: 'taken away' };
  const newest = past.at(-1);
  if (newest === undefined || newest.at > until || newest.to === (placedAt ?? past[0]?.from)) return undefined;
  return { at: newest.at, how: 'moved' };
};

const afterWords = (ns: bigint): string => {
  const ms = Number(ns) / 1e6;
  return ms < 1000 ? `${ms.toFixed(1)} ms after` : `${(ms / 1000).toFixed(1)} s after`;
};
