import type { Subscription } from 'rxjs';
import type { Event, GapEvent } from '../model/event.js';
import { findCompat, forgetDead, trackCompat } from './compat-tasks.js';
import { type Kept, keepRunning } from './keep.js';
import type { Plan } from './plan.js';
import { session } from './session.js';

/** The second bpftrace, which sees 32-bit calls: it taxes every system call, so it runs only while it has a use. */
export interface CompatWatch {
  /** An event of the main bpftrace: it may start or end a 32-bit process. */
  readonly see: (event: Event) => void;
  /** The main bpftrace is ready: which 32-bit processes are there already? */
  readonly look: (at: bigint) => void;
  /** Whether 32-bit calls are seen now. */
  readonly isOn: () => boolean;
  readonly stop: () => void;
}

export interface CompatListener {
  readonly kept: (kept: Kept) => void;
  readonly gap: (gap: GapEvent) => void;
  /** `isOn` has changed, or there is something to say. */
  readonly changed: (at: bigint, notes: readonly string[]) => void;
}

/** `clock`: boot clock, ns. Where the plan has no script for 32-bit calls it is never on. */
export const watchCompat = (
  plan: Pick<Plan, 'bpftrace' | 'compat' | 'decoding'>,
  clock: () => bigint,
  listener: CompatListener,
  { checkMs, root }: CompatSurroundings = SURROUNDINGS,
): CompatWatch => {
  const { compat } = plan;
  if (compat === undefined) return NEVER_ON;
  const alive = new Set<number>();
  const stopped = new AbortController();
  let running: Subscription | undefined;
  let on = false;
  let impossible = false;

  const start = (since: bigint): void => {
    if (running !== undefined || impossible || stopped.signal.aborted) return;
    running = keepRunning(
      () => session({ bpftrace: plan.bpftrace, script: compat.text, decoding: plan.decoding, clock }),
      clock,
    ).subscribe((kept) => onKept(kept, since));
  };

  const onKept = (kept: Kept, since: bigint): void => {
    switch (kept.kind) {
      case 'ready': {
        // What 32-bit tasks did until now nobody saw.
        const { outage } = kept;
        const cause = outage === undefined ? 'late' : outage.stuck ? 'stuck' : 'restarted';
        on = true;
        listener.gap({ kind: 'gap', at: kept.at, from: outage?.from ?? since, cause, lost: undefined });
        listener.changed(kept.at, []);
        return;
      }
      case 'waiting':
        on = false;
        listener.changed(clock(), [`32-bit calls are not seen for a moment: ${kept.failure.text}`]);
        return;
      case 'gave-up':
        impossible = true;
        listener.changed(clock(), [`32-bit calls are not seen: ${kept.failure.text}`]);
        return;
      case 'beat':
        return;
      default:
        listener.kept(kept);
    }
  };

  const halt = (): void => {
    running?.unsubscribe();
    running = undefined;
    on = false;
  };

  // A lost exit event must not leave the tax on for ever; a pause between two 32-bit processes is no reason to stop.
  let idle = 0;
  const checking = setInterval(() => {
    if (running === undefined) return;
    forgetDead(alive, root);
    idle = alive.size === 0 ? idle + 1 : 0;
    if (idle < 2) return;
    idle = 0;
    halt();
    listener.changed(clock(), []);
  }, checkMs);

  return {
    see: (event) => {
      trackCompat(alive, event);
      if (alive.size > 0) start(event.at);
    },
    look: (at) => {
      void findCompat(alive, stopped.signal, root).then(() => {
        if (alive.size > 0) start(at);
      });
    },
    isOn: () => on,
    stop: () => {
      stopped.abort();
      clearInterval(checking);
      halt();
    },
  };
};

/** A test has others. */
export interface CompatSurroundings {
  readonly checkMs: number;
  readonly root: string;
}

const SURROUNDINGS: CompatSurroundings = { checkMs: 5000, root: '/proc' };

const NEVER_ON: CompatWatch = { see: () => {}, look: () => {}, isOn: () => false, stop: () => {} };
