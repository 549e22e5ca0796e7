import type { PokeEvent } from '../../model/event.js';
import { addBounded, type Instant, type Known, type Life } from './life.js';

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
  const { touched, state } = life;
  const stale = state === undefined || (touched !== undefined && touched.at > state.at);
  addBounded(life.dumps, { by, from: instant, until: instant, stale, known: knownOf(life) }, FIRST_DUMPS, MOST_DUMPS);
};

/** A first reading after something was done to it may come when a dump has begun already, or is over. */
export const freshenDump = (life: Life): void => {
  const last = life.dumps.at(-1);
  if (last?.stale !== true || life.touched === undefined || life.touched.at > last.until.at) return;
  last.known = knownOf(life);
  last.stale = false;
};

const knownOf = ({ state, deeds, done, writes, copied, clean }: Life): Known => ({
  state,
  deeds: [...deeds],
  done,
  writes: [...writes],
  copied: new Map(copied),
  clean,
});
