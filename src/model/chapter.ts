import type { Difference } from './diff.js';
import type { Host } from './evidence.js';
import type { Judged } from './judged.js';
import type { MappingClass, Policies, Severity } from './verdict.js';

/** Everything the given paths say of one process, joined. */
export interface Chapter {
  /** What stands for the process: its newest state before the dump, with the findings of all moments before the end. */
  readonly main: Judged;
  /** Every state that is known, oldest first. */
  readonly moments: readonly Moment[];
  /** What happened, in a few sentences. */
  readonly conclusion: readonly string[];
  /** What happened, step by step, oldest first. */
  readonly story: readonly StoryLine[];
  /** What CRIU's checks would have said, whenever that changed. */
  readonly turns: readonly Turn[];
  /** What CRIU took each mapping for, against what it is. */
  readonly choices: readonly Choice[];
  /** Between the last state before the dump and the last one after it. */
  readonly differences: readonly Difference[];
  /** It was restored, and how is known: what a restore would do is no question any more. */
  readonly restored: boolean;
  /** Nothing happened to it and nothing is to be said of it: one of the many in a recording. */
  readonly plain: boolean;
}

/** A state of the process, from one source. */
export interface Moment {
  /** before and after: of the dump and restore, when there is one; dump: what the image holds; crash: a core file. */
  readonly role: 'before' | 'dump' | 'after' | 'crash';
  /** As given on the command line: hostile. */
  readonly path: string;
  readonly host: Host | undefined;
  /** Time of day, Unix, ns; undefined: the source does not say. */
  readonly time: bigint | undefined;
  readonly judged: Judged;
}

export interface StoryLine {
  /** Time of day, Unix, ns; undefined: the source does not say. */
  readonly time: bigint | undefined;
  readonly severity: Severity;
  /** Who: "4711 puppet", "dump.log:12"; escaped. */
  readonly who: string;
  /** Escaped. */
  readonly text: string;
}

/** From here on the checks decide so. */
export interface Turn {
  readonly time: bigint;
  /** Word for the state, as in every table. */
  readonly state: string;
  readonly policies: Policies;
}

export interface Choice {
  readonly start: bigint;
  /** What it is. */
  readonly class: MappingClass;
  /** What told so: "recording", "bundle", ... */
  readonly by: string;
  readonly took: 'vdso' | 'vvar' | 'memory' | 'left out';
  readonly right: boolean;
}
