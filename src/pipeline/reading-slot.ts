import type { Subscription } from 'rxjs';
import type { Target } from './target.js';

export interface ReadingRules {
  /** One address space is read at most once in this time, in ms; in a storm at most once in eight times as much. */
  readonly window: number;
  /**
   * And not before so many times what the last reading took, a second at most: one that never stops moving, and has
   * ten thousand mappings, would cost an eighth of a core otherwise.
   */
  readonly rest: number;
  /** A new image, or a copy of one, waits so long for its first reading, in ms: most processes do not live longer. */
  readonly newborn: number;
  /** Readings at the same time. */
  readonly concurrency: number;
  /** Address spaces that may wait to be read. */
  readonly waiting: number;
}

export interface Request extends Target {
  /** Pids of the same address space that turned out to be gone. */
  readonly tried: readonly number[];
}

/** What is known of the readings of one process. */
export interface Slot {
  /** queued: waits its turn; cooling: was read lately, or only just born, and waits; idle: nothing to do. */
  readonly state: 'queued' | 'cooling' | 'reading' | 'idle';
  /** Boot clock of the newest reading's start. */
  readonly startedAt: bigint;
  readonly thorough: boolean;
  /** Scheduler time from which it may be read again. */
  readonly readyAt: number;
  /** How many in a row were asked for before they were allowed. */
  readonly storm: number;
  /** What waits was asked for before it is allowed. */
  readonly early: boolean;
  /** What waits; while it is being read: what was asked for since. */
  readonly wanted: Request | undefined;
  /** Ends the cooling. */
  readonly timer: Subscription | undefined;
}

export const NEVER_READ: Slot = {
  state: 'idle',
  startedAt: 0n,
  thorough: false,
  readyAt: 0,
  storm: 0,
  early: false,
  wanted: undefined,
  timer: undefined,
};

/**
 * How long the next reading has to wait, in ms from the beginning of this one. Nobody can follow a vDSO that moves
 * twenty times a second: reading it ten times a second was a quarter of what a screen with it cost.
 */
export const windowOf = ({ storm }: Slot, { window }: Pick<ReadingRules, 'window'>): number =>
  window * Math.min(1 + storm, WIDEST);

/** The same from its end, by what it took. */
export const restAfter = (cost: number, { rest }: Pick<ReadingRules, 'rest'>): number =>
  Math.min(cost * rest, LONGEST_REST);

const WIDEST = 8;
/** ms. */
const LONGEST_REST = 1000;
