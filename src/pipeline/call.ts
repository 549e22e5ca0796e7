import { ascending } from '../model/ascending.js';
import type { CallEvent } from '../model/event.js';
import type { HistoryLine } from '../model/state.js';
import { type Concerned, concernedBy, isDirtyAfter, laterOf } from './concerned.js';
import { changeSpace } from './entries.js';
import { type Ledger, LIMITS } from './ledger.js';
import { isEndOfRestore, noiseAfterCall, noiseWords } from './noise.js';
import { type Effect, effectOf, isLeftOver, leavesOne } from './placement.js';
import type { SpaceRecord } from './records.js';
import { callWords } from './words.js';

/** A mapping call: whose vDSO it was, what it did to it, and what the kernel says of it now. */
export const onCall = (
  ledger: Ledger,
  event: CallEvent,
): Concerned & { readonly text: string; readonly severity: HistoryLine['severity'] } => {
  const { process, space } = concernedBy(ledger, event);
  const proven = effectOf(event, space === undefined ? undefined : knownPlace(space, event.at));
  const reading = space && { at: space.readAt, absent: space.verdict?.vdso === null };
  const effect = isLeftOver(proven, event.at, space?.presence, reading) ? NOTHING : proven;
  const changed = space === undefined ? undefined : record(ledger, space, event, effect);
  if (space?.noise === 'criu-restored' && isEndOfRestore(event, effect)) {
    const text = `${callWords(event, effect)} (${noiseWords('criu-restore')})`;
    return { process, space: changed, text, severity: 'info' };
  }
  const loud = effect.kind === 'moved' || effect.kind === 'unmapped' || effect.kind === 'covered';
  return { process, space: changed, text: callWords(event, effect), severity: loud ? 'warning' : 'info' };
};

const NOTHING: Effect = { kind: 'none' };

/** Where its vDSO was before this call, for kernels whose own pointer cannot be read. */
export const knownPlace = (space: SpaceRecord, at: bigint): bigint | undefined => {
  const last = space.past.filter((move) => move.at < at).at(-1);
  if (last !== undefined && last.at >= space.readAt) return last.to;
  const seen = space.readAt < at ? (space.verdict?.vdso?.start ?? undefined) : undefined;
  return seen ?? space.placedAt ?? space.image?.vdso;
};

const record = (ledger: Ledger, space: SpaceRecord, event: CallEvent, effect: Effect): SpaceRecord => {
  const { at, vdsoAfter } = event;
  // A reading may be newer than this event: then its verdict lacks what the event tells.
  if (at <= space.readAt && (effect.kind === 'moved' || effect.kind === 'placed')) ledger.unjudged.add(space.id);
  const newest = space.truth === undefined || at >= space.truth.at;
  const [past, moves, placedAt] =
    effect.kind === 'moved'
      ? [bounded([...space.past, effect.move]), space.moves + 1, space.placedAt]
      : // A fresh mapping: what happened to the one before it says nothing about this one.
        effect.kind === 'placed'
        ? [NONE, space.moves, effect.at]
        : [space.past, space.moves, space.placedAt];
  return changeSpace(ledger, space, {
    lastEventAt: laterOf(at, space.lastEventAt),
    dirty: isDirtyAfter(space, at),
    presence: presenceAfter(space, at, effect),
    truth: newest && vdsoAfter !== undefined ? { at, vdso: vdsoAfter } : space.truth,
    noise: noiseAfterCall(event, effect, space.noise),
    past,
    moves,
    placedAt,
  });
};

const presenceAfter = ({ presence }: SpaceRecord, at: bigint, effect: Effect): SpaceRecord['presence'] => {
  const { kind } = effect;
  if (kind === 'none' || kind === 'failed' || kind === 'unclear' || (presence !== undefined && presence.at > at))
    return presence;
  return { at, there: leavesOne(effect) };
};

const NONE: SpaceRecord['past'] = [];

/** In order of time, even if events came late; the first and the newest. */
const bounded = (moves: SpaceRecord['past']): SpaceRecord['past'] => {
  const [newest, previous] = [moves.at(-1), moves.at(-2)];
  const ordered =
    newest !== undefined && previous !== undefined && newest.at < previous.at
      ? [...moves].sort((a, b) => ascending(a.at, b.at))
      : moves;
  return ordered.length <= LIMITS.moves ? ordered : [...ordered.slice(0, 1), ...ordered.slice(2)];
};
