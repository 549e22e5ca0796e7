import type { HistoryLine } from '../src/model/state.js';
import type { Severity } from '../src/model/verdict.js';
import type { ColumnName } from './column.js';

/** Everything about the screen that is not about the processes: what is chosen, open, typed. Plain data. */
export interface ViewState {
  /** Key of the chosen process: the choice follows the process, not the row. undefined: whatever stands first. */
  readonly selected: string | undefined;
  /** Row the choice was last seen in: where to go on when the process has left the list. */
  readonly cursor: number;
  /** First visible row. */
  readonly top: number;
  readonly sort: { readonly column: ColumnName; readonly descending: boolean };
  readonly filter: string;
  readonly onlyFindings: boolean;
  readonly frozen: boolean;
  readonly detail: 'closed' | 'open' | 'full';
  readonly detailTop: number;
  readonly events: 'off' | 'tail' | 'full';
  /** Lines back from the newest event. */
  readonly eventsBack: number;
  /** Scrolled back: the lowest event to be seen, and how many lines of it lie below. undefined: the newest, whichever comes. */
  readonly eventsEnd: { readonly entry: HistoryLine; readonly below: number } | undefined;
  readonly page: 'processes' | 'page-sets' | 'help';
  readonly pageTop: number;
  readonly prompt: Prompt | undefined;
  readonly message: Message | undefined;
  /** The tracer's notes (what this host cannot do) have been seen: said once, then only on the help page. */
  readonly notesSeen: boolean;
  readonly own: Own | undefined;
  readonly can: Abilities;
  readonly replay: { readonly paused: boolean; readonly speed: number };
  /** The source of states has ended (a recording is over, the tracer stopped). */
  readonly ended: boolean;
}

export interface Prompt {
  readonly kind: 'filter' | 'save' | 'seek';
  readonly text: string;
}

export interface Message {
  readonly severity: Severity;
  readonly text: string;
}

/** What vdsowatch itself costs; bpftrace is another process. */
export interface Own {
  /** Per cent of one core over the last seconds. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
}

/** What the caller can do for the screen beyond showing states; keys for the rest are not offered. */
export interface Abilities {
  readonly save: boolean;
  readonly replay: boolean;
  readonly pageSets: boolean;
  /** Tell what a dump would make of a process of now; of a recording nobody can. */
  readonly foretell?: boolean;
}

export const initialView = (can: Abilities, speed = 1): ViewState => ({
  selected: undefined,
  cursor: 0,
  top: 0,
  sort: { column: 'finding', descending: true },
  filter: '',
  onlyFindings: false,
  frozen: false,
  detail: 'closed',
  detailTop: 0,
  events: 'tail',
  eventsBack: 0,
  eventsEnd: undefined,
  page: 'processes',
  pageTop: 0,
  prompt: undefined,
  message: undefined,
  notesSeen: false,
  own: undefined,
  can,
  replay: { paused: false, speed },
  ended: false,
});
