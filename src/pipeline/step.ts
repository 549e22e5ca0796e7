import { errnoOf } from '../model/errno.js';
import type { Event, PokeEvent, PrctlEvent, TracerStatus } from '../model/event.js';
import { type HistoryLine, TRACER } from '../model/state.js';
import { contains, isVdsoNamed, isVvarNamed } from '../model/vma.js';
import { printable } from '../text/escape.js';
import { isBystander } from './bystander.js';
import { onCall } from './call.js';
import { type Concerned, NOBODY, touch, touchedBy } from './concerned.js';
import { onEnd } from './end.js';
import { changeSpace } from './entries.js';
import { onExec } from './exec.js';
import { liveProcess } from './identity.js';
import type { Ledger } from './ledger.js';
import { expire, onFork } from './life.js';
import { addLine, countEvent } from './lines.js';
import { noiseAfterPrctl, noiseWords } from './noise.js';
import type { Happening, Observation } from './observation.js';
import type { SpaceRecord } from './records.js';
import { onCensus, onSnapshot, releaseHeld } from './snapshot.js';
import { execWords, forkWords, gapWords, namespaceWords, pokeWords, prctlWords } from './words.js';

/**
 * The state after one more frame of observations. The same observations give the same state; the ledger that goes in
 * is the one that comes out, changed (see ledger.ts for why).
 */
export const step = (ledger: Ledger, frame: readonly Observation[]): Ledger => {
  for (const observation of frame) observe(ledger, observation);
  releaseHeld(ledger);
  expire(ledger);
  return ledger;
};

const observe = (ledger: Ledger, observation: Observation): void => {
  const at = timeOf(observation);
  if (at > ledger.now) ledger.now = at;
  switch (observation.kind) {
    case 'event':
      onEvent(ledger, observation);
      break;
    case 'snapshot':
      onSnapshot(ledger, observation);
      break;
    case 'census':
      onCensus(ledger, observation);
      break;
    case 'swept':
      ledger.counters.sweeps += 1;
      break;
    case 'tick':
      break;
  }
};

const timeOf = (observation: Observation): bigint => {
  if (observation.kind === 'event') return observation.event.at;
  return observation.kind === 'snapshot' ? observation.startedAt : observation.at;
};

/** What an event is about, what it says, and how loud. */
interface Said extends Concerned {
  readonly text: string;
  readonly severity: HistoryLine['severity'];
}

const onEvent = (ledger: Ledger, happening: Happening): void => {
  const { event } = happening;
  const tracer = event.kind === 'gap' || event.kind === 'status';
  // What the tracer says of itself it says by our clock, which may be ahead of what the kernel's records have told.
  if (!tracer && event.at > ledger.heardUntil) ledger.heardUntil = event.at;
  if (event.kind === 'heartbeat' || (event.kind === 'call' && isBystander(ledger, event))) return;
  const said = sayEvent(ledger, happening, event);
  const noise = noiseWords(said.space?.noise);
  if (!tracer) countEvent(ledger, event);
  addLine(ledger, {
    at: event.at,
    pid: tracer ? 0 : event.tgid,
    comm: tracer ? TRACER : event.comm,
    space: said.space?.id ?? '',
    severity: noise === undefined ? said.severity : 'info',
    text: noise === undefined ? said.text : `${said.text} (${noise})`,
    event,
    finding: undefined,
    ...(event.kind === 'poke' && happening.target !== undefined ? { target: happening.target } : {}),
  });
};

const sayEvent = (ledger: Ledger, happening: Happening, event: Exclude<Event, { kind: 'heartbeat' }>): Said => {
  switch (event.kind) {
    case 'call':
      return onCall(ledger, event);
    case 'fork':
      return { ...onFork(ledger, event), text: forkWords(event), severity: 'info' };
    case 'exec':
      return { ...onExec(ledger, event), text: execWords(event), severity: 'info' };
    case 'exit':
      return onEnd(ledger, event);
    case 'poke':
      return onPoke(ledger, event, happening.target);
    case 'namespace':
      return { ...touchedBy(ledger, event), text: namespaceWords(event), severity: 'info' };
    case 'prctl':
      return onPrctl(ledger, event);
    case 'gap':
      return { ...everythingIsDirty(ledger, event.at, event.lost ?? 0n), text: gapWords(event), severity: 'warning' };
    case 'status':
      ledger.tracer = event.status;
      return {
        ...NOBODY,
        // Notes are sentences; here they are parts of one.
        text: [event.status.text, ...unsaid(ledger, event.status)].join('; ').replace(/(?<!\.)\.; /g, '; '),
        severity: event.status.mode === 'polling' ? 'warning' : 'info',
      };
  }
};

/** `target`: our pid of whom it was done to; undefined: not found. */
const onPoke = (ledger: Ledger, event: PokeEvent, target: number | undefined): Said => {
  const victim = target === undefined ? undefined : liveProcess(ledger, target);
  const space = victim === undefined ? undefined : ledger.spaces.get(victim.space);
  const worked = errnoOf(event.result) === undefined;
  const name = victim === undefined ? 'not read yet' : printable(victim.comm);
  return {
    process: victim,
    space: space && touch(ledger, space, event.at),
    text: pokeWords(event, target === undefined ? undefined : { pid: target, name }),
    severity: worked && hitsVdso(space, event.address) ? 'warning' : 'info',
  };
};

/** Debuggers write a lot; what matters here is where. */
const hitsVdso = (space: SpaceRecord | undefined, address: bigint | undefined): boolean =>
  address !== undefined &&
  space?.evidence?.vmas?.some((vma) => (isVdsoNamed(vma) || isVvarNamed(vma)) && contains(vma, address)) === true;

/**
 * It may have rewritten the auxv: what the next reading says of it is no sign of another program image. And a restored
 * program is what its image says it is: where CRIU parked the vDSO before is not where it was given it.
 */
const onPrctl = (ledger: Ledger, event: PrctlEvent): Said => {
  const { process, space } = touchedBy(ledger, event);
  const noise = noiseAfterPrctl(event, space?.noise);
  const worked = errnoOf(event.result) === undefined;
  const restored = noise === 'criu-restored' && space?.noise === 'criu-restore';
  const known = restored ? { placedAt: undefined, past: [], unexplained: undefined, replaced: true } : {};
  return {
    process,
    space: space && worked ? changeSpace(ledger, space, { ...known, noise, image: undefined }) : space,
    text: prctlWords(event),
    severity: noise === space?.noise && worked ? 'warning' : 'info',
  };
};

/** Notes that were not said before; what the text says already is left out of them. */
const unsaid = (ledger: Ledger, { text, notes }: TracerStatus): readonly string[] => {
  const fresh = notes.filter((note) => !ledger.said.has(note));
  for (const note of fresh) ledger.said.add(note);
  const known = `${text.replace(/^polling: /, '')}: `;
  return fresh.map((note) => (note.startsWith(known) ? note.slice(known.length) : note));
};

/** A gap: what was not read after it may be wrong, and the kernel's pointers too. */
const everythingIsDirty = (ledger: Ledger, at: bigint, lost: bigint): Concerned => {
  ledger.gapAt = at;
  ledger.counters.gaps += 1;
  ledger.counters.lost += lost;
  for (const space of ledger.spaces.values())
    if (space.readAt <= at && space.sharers > 0) changeSpace(ledger, space, { dirty: true, truth: undefined });
  return NOBODY;
};
