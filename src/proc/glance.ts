import type { Evidence, ProcessFacts } from '../model/evidence.js';
import type { Vma } from '../model/vma.js';
import { isError } from './door.js';
import type { ProcContext } from './host.js';
import { pagemapWords } from './pagemap.js';
import { parseStat } from './parse/stat.js';
import { factsOf } from './unread.js';

/** What a later glance is compared with. Ten thousand of these are kept, so they are made of what the state keeps too. */
export interface Sight {
  readonly process: ProcessFacts;
  readonly vdso: Vma;
  /** Of pagemap, a word for each page of the vDSO. */
  readonly words: BigUint64Array;
}

/**
 * Of an ordinary 64-bit process (proc/ordinary.ts); undefined: a glance would not do for it. Calls of i386 and x32 tasks,
 * whose auxv has words of four bytes, may go unheard. `before`: the one of its last reading, given back if it still holds.
 */
export const sightOf = (evidence: Evidence, before: Sight | undefined): Sight | undefined => {
  const { process, vmas, pagemap, auxv, onlyBlock } = evidence;
  const vdso = vmas?.at(-1);
  const words = vdso && pagemap.get(vdso.start);
  if (onlyBlock !== true || auxv?.wordSize !== 8 || vdso === undefined || words === undefined) return undefined;
  const isBefore =
    before !== undefined &&
    before.vdso.start === vdso.start &&
    isSameTask(before.process, process) &&
    isAlike(before.words, words);
  return isBefore ? before : { process, vdso, words };
};

/**
 * Does a process show what it showed when it was last read, as far as stat and the pages of its vDSO tell? They show
 * what no probe does: writes through /proc/PID/mem, a new name or parent. What probes do see, a glance may miss:
 * maps, auxv and namespaces are left out, which are three fifths of the 50 us of a reading.
 */
export const showsTheSame = (pid: number, sight: Sight, { files, host, clock }: ProcContext): boolean => {
  const line = files.text(`${files.root}/${pid}/stat`);
  const stat = isError(line) ? undefined : parseStat(line);
  if (stat === undefined || !isSameTask(sight.process, factsOf(pid, stat, clock.tickShift))) return false;
  const words = pagemapWords(files, `${files.root}/${pid}/pagemap`, sight.vdso, host.pageSize);
  return !isError(words) && isAlike(words, sight.words);
};

const isSameTask = (one: ProcessFacts, other: ProcessFacts): boolean =>
  one.startTicks === other.startTicks &&
  one.comm === other.comm &&
  one.parent === other.parent &&
  (one.state === other.state || (LIVES.has(one.state ?? '') && LIVES.has(other.state ?? '')));

/** Mostly they are one array (proc/pagemap.ts). */
const isAlike = (one: BigUint64Array, other: BigUint64Array): boolean =>
  one === other || (one.length === other.length && one.every((word, page) => word === other[page]));

/** Running, or waiting for something: that changes all the time. Not stopped, traced or ended. */
const LIVES: ReadonlySet<string> = new Set(['R', 'S', 'D', 'I']);
