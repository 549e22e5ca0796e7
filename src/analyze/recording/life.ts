import type { Turn } from '../../model/chapter.js';
import type { Evidence } from '../../model/evidence.js';
import type { HistoryLine } from '../../model/state.js';
import type { Forecast, Verdict } from '../../model/verdict.js';
import type { Image } from '../../pipeline/image.js';
import type { Effect } from '../../pipeline/placement.js';

/** A moment of a recording. */
export interface Instant {
  /** Boot clock, ns. */
  readonly at: bigint;
  /** Time of day, Unix, ns. */
  readonly time: bigint;
}

/** Something that made, or may have made, a page of a vDSO another one than the kernel's. */
export interface WriteSign extends Instant {
  /** Who did it. */
  readonly pid: number;
  readonly comm: string;
  /** mprotect: it made the vDSO writable for itself; the write is no system call and is not seen. */
  readonly how: 'mprotect' | 'ptrace' | 'process_vm_writev';
  /** Where its vDSO was then; undefined: not known. */
  readonly vdso: bigint | undefined;
  /** Bytes that could be written; undefined: the call does not say where. */
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  /** mprotect: when it took the permission back. */
  closed?: Instant;
}

/** What changed where the vDSO is, or whether there is one. */
export type Done = Exclude<Effect, { readonly kind: 'none' | 'failed' } | { readonly kind: 'unclear' }>;

/** A call that moved, replaced or unmapped its vDSO. */
export interface Deed extends Instant {
  /** ctx_id of the address space it was done in; 0: unknown. */
  readonly context: bigint;
  readonly pid: number;
  readonly comm: string;
  readonly effect: Done;
}

/** A page that stopped being the kernel's. */
export interface Copied {
  /** Newest reading that showed it clean; undefined: none did. */
  readonly clean: Instant | undefined;
  /** First reading that showed the copy. */
  readonly seen: Instant;
  /** It was so in the process that forked this one. */
  readonly inheritedFrom: Life | undefined;
}

/** What is known of its vDSO at one time. */
export type Known = Pick<Life, 'state' | 'deeds' | 'done' | 'writes' | 'copied' | 'clean'>;

/** A dump that CRIU made of it, or tried to. */
export interface Dumped {
  /** Process id of that CRIU. */
  readonly by: number;
  /** Between the two it was frozen. */
  readonly from: Instant;
  until: Instant;
  /** As it was then: a dump may leave it running, and what comes later says nothing of this. */
  known: Known;
  /** Something had been done to it that no reading had shown yet. */
  stale: boolean;
}

export interface State extends Instant {
  /** Boot clock, ns: the first of the readings in a row that told the same, of which this is the newest. */
  readonly since: bigint;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly forecast: Forecast | undefined;
}

/** What a recording says of one process, from its beginning to its end. Changed in place while it is read. */
export interface Life {
  readonly pid: number;
  comm: string;
  /** Field 22 of its stat; undefined: it was never read. */
  startTicks: bigint | undefined;
  born: Instant | undefined;
  ended: Instant | undefined;
  /** Its newest exec: what was done before says nothing of what is read after it. */
  execed: Instant | undefined;
  /** When something was last done to its vDSO or the data pages of it, or it became another program. */
  touched: Instant | undefined;
  /** Who had its pid before, as long as the end of that has not been seen. */
  former: Life | undefined;
  /** Who forked it. */
  parent: { readonly pid: number; readonly comm: string } | undefined;
  /** The same, when pages of it were copied then, or may have been, which its child has too. */
  heirOf: Life | undefined;
  /** Newest reading, cut down after use, and what it was judged to be. */
  state: State | undefined;
  /** What was read before that, and told something else. */
  earlier: State | undefined;
  /** The first one. */
  first: State | undefined;
  /** Id of its address space in the replayed state. */
  space: string | undefined;
  /** Which exec made it, one for each, newest last; few. */
  images: Image[];
  /** The first ones and the newest. */
  lines: RecordedLine[];
  /** How many between them are not kept, and before which line they stood. */
  leftOut: number;
  leftOutAt: number;
  /** The newest line, when it is about writes into another process: more of them are counted there. */
  pokes: PokeLine | undefined;
  turns: Turn[];
  writes: WriteSign[];
  /** The first ones and the newest, and how many there were. */
  deeds: Deed[];
  done: number;
  copied: Map<number, Copied>;
  /** Newest reading that told of its pages: those that it did not show copied were clean then. */
  clean: Instant | undefined;
  /** The restorer of CRIU worked in it, as the pipeline knows it (pipeline/noise.ts). */
  restoring: boolean;
  /** CRIU put it there: a task it restored. */
  restored: Instant | undefined;
  /** What the restore had made, as the first reading after it showed. */
  back: State | undefined;
  /** Process id of that CRIU, which forked it, or whom that forked. */
  restorer: number | undefined;
  /** The first ones and the newest. */
  dumps: Dumped[];
  /** Something happened to its vDSO, or a finding was made. */
  remarkable: boolean;
}

export interface PokeLine {
  /** The writer, and whom it wrote into. */
  readonly pid: number;
  readonly target: number | undefined;
  readonly text: string;
  more: number;
  last: RecordedLine;
}

/** Without its event and finding, which weigh more than the words. */
export type Line = Pick<HistoryLine, 'at' | 'pid' | 'comm' | 'severity' | 'text'>;

export interface RecordedLine {
  readonly line: Line;
  /** Time of day, Unix, ns. */
  readonly time: bigint;
}

export const newLife = (pid: number, comm: string, born: Instant | undefined): Life => ({
  pid,
  comm,
  startTicks: undefined,
  born,
  ended: undefined,
  execed: undefined,
  touched: undefined,
  former: undefined,
  parent: undefined,
  heirOf: undefined,
  state: undefined,
  earlier: undefined,
  first: undefined,
  space: undefined,
  images: [],
  lines: [],
  leftOut: 0,
  leftOutAt: 0,
  pokes: undefined,
  turns: [],
  writes: [],
  deeds: [],
  done: 0,
  copied: new Map(),
  clean: undefined,
  restoring: false,
  restored: undefined,
  back: undefined,
  restorer: undefined,
  dumps: [],
  remarkable: false,
});

/** Adds to a list of which the first `first` and the newest are kept, `most` in all. True: one in the middle went. */
export const addBounded = <T>(list: T[], value: T, first: number, most: number): boolean => {
  list.push(value);
  if (list.length <= most) return false;
  list.splice(first, 1);
  return true;
};

/** Something happened to a vDSO; what CRIU does to its own (pipeline/noise.ts) is nothing to tell of. */
export const isNotable = ({ severity, event, comm }: HistoryLine): boolean =>
  severity !== 'info' || (event?.kind === 'call' && comm !== 'criu');
