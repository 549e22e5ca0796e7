import type { PokeEvent } from '../../model/event.js';
import { addBounded, type Instant, type Known, type Life, type State } from './life.js';

const FIRST_DUMPS = 2;
const MOST_DUMPS = 16;

/**
 * Keeps what was known of a process when a CRIU worked on it. CRIU puts its parasite in with ptrace and puts the code
 * that it covered back likewise (compel_infect, compel_cure; 2.x to 4.2), so the first and the last of these calls
 * stand around the dump. What the CRIU that restored a task writes into it (restore_rseq_cs) is no dump.
 */
export const noteDump = (life: Life, { comm, how, tgid: by }: PokeEvent, instant: Instant): void => {
  if (comm !== 'criu' || how !== 'ptrace') return;
  if (life.restorer === by) return;
  const last = life.dumps.at(-1);
  if (last?.by === by) {
    last.until = instant;
    return;
  }
  const state = stateAt(life, instant.at);
  const stale = state === undefined || (life.touched !== undefined && life.touched.at > state.at);
  const known = knownOf(life, state);
  addBounded(life.dumps, { by, from: instant, until: instant, stale, known }, FIRST_DUMPS, MOST_DUMPS);
};

/** A busy host reads a process before it hears of its dump: of what was read, the newest that is of the time before. */
const stateAt = ({ state, earlier, touched }: Life, at: bigint): State | undefined => {
  if (state === undefined || state.since <= at) return state;
  const isChanged = touched !== undefined && earlier !== undefined && touched.at > earlier.at;
  return earlier !== undefined && earlier.since <= at && !isChanged ? earlier : state;
};

/** What was known of it at that time, where no dump was seen then: of what was read, what is surely of the time before. */
export const knownAt = (life: Life, at: bigint): Known => {
  const { state, earlier, done, writes } = life;
  const then = [state, earlier].find((one) => one !== undefined && one.since <= at);
  const isBefore = (one: Instant): boolean => one.at <= at;
  const known = knownOf(life, then && then.at > at ? { ...then, ...instantOf(then, at) } : then);
  const deeds = life.deeds.filter(isBefore);
  // Those that are not kept stand between the first ones and the newest.
  const left = deeds.length < life.deeds.length ? 0 : done - deeds.length;
  return { ...known, deeds, done: deeds.length + left, writes: writes.filter(isBefore) };
};

const instantOf = ({ at: read, time }: State, at: bigint): Instant => ({ at, time: time - read + at });

/** Something was done to it; what was read after that says nothing of a dump before it. */
export const notSinceDump = (life: Life, { at }: Instant): void => {
  for (const dump of life.dumps)
    if (dump.until.at < at && dump.known.state !== undefined && dump.known.state.since > at)
      dump.known = { ...dump.known, state: undefined };
};

/** A first reading after something was done to it may come when a dump has begun already, or is over. */
export const freshenDump = (life: Life): void => {
  const last = life.dumps.at(-1);
  if (last?.stale !== true || life.touched === undefined || life.touched.at > last.until.at) return;
  last.known = knownOf(life, life.state);
  last.stale = false;
};

const knownOf = ({ deeds, done, writes, copied, clean }: Life, state: State | undefined): Known => ({
  state,
  deeds: [...deeds],
  done,
  writes: [...writes],
  copied: new Map(copied),
  clean,
});
