import type { Observation } from '../pipeline/observation.js';
import type { Header, Hook } from './format.js';

/**
 * A recording, piece by piece, in the order in which it was written. What a frame holds is up to who reads its lines:
 * what the reducer was given (decoder.ts), or what was said of it (said-lines.ts).
 */
export type TraceItem<T = Observation> =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'frame'; readonly frame: TraceFrame<T> }
  | { readonly kind: 'hook'; readonly hook: Hook }
  | { readonly kind: 'damage'; readonly damage: Damage }
  /** From here on the recording is of another version of the format; nothing more of it is read. */
  | { readonly kind: 'foreign'; readonly schema: string };

/** What the reducer was given in one go. */
export interface TraceFrame<T = Observation> {
  readonly content: readonly T[];
  /** Boot clock of the newest thing up to here, ns. */
  readonly at: bigint;
  /** Time of day minus boot clock, ns. */
  readonly offset: bigint;
  /** Not news, but what was known when the file was begun. */
  readonly base: boolean;
}

/** Reads lines; one reader for one recording, whose lines it gets in order. */
export interface LineReader<T> {
  /** bytes[from..to) is a line without its end; what it holds is put at the end of `into`. */
  readonly line: (bytes: Buffer, from: number, to: number, into: T[]) => Said | undefined;
  /** A frame ends: what was held back for it is put there too. */
  readonly finish?: (into: T[]) => void;
  /** A run or a file ends: what was held back for longer is put there too. */
  readonly end?: (into: T[]) => void;
}

/** What a line holds beside content. Undefined: nothing. */
export type Said =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'hook'; readonly hook: Hook }
  | { readonly kind: 'clock'; readonly offset: bigint }
  /** A header of another version of the format: what follows is not for us. */
  | { readonly kind: 'foreign'; readonly schema: string }
  /** It is of a kind that this version does not know: a later one may write it. */
  | { readonly kind: 'later' }
  /** It is not what the format says. */
  | { readonly kind: 'bad' }
  /** It names something that an earlier, lost line gave. */
  | { readonly kind: 'orphan' };

export interface Later {
  /** How many. */
  readonly lines: number;
  /** words: a record that is known has a word in it that is not; kinds: nothing of such a record is needed. */
  readonly what: 'words' | 'kinds';
}

/** Something that was recorded and cannot be had any more. */
export interface Damage {
  /** One sentence. */
  readonly text: string;
  /** Number of the first line concerned; the first line of a file is 1. */
  readonly line: number;
  /** The recording just ends here, as one does whose writer was killed. */
  readonly torn: boolean;
  /** It is as it was written, by a later version, which says more than this one knows. */
  readonly later?: Later;
}

/** Is what it said missing? Nothing is needed of a kind of record that only a later version knows. */
export const leavesGap = ({ later }: Damage): boolean => later?.what !== 'kinds';
