import { GUARD } from '../../model/pagemap.js';
import { type Mark, parseMark } from '../mark.js';
import { atLeast } from '../release.js';
import type { Space } from '../space.js';
import type { CriuEntry, DumpStop } from './entry.js';
import { type CriuVersion, criuAtLeast } from './version.js';

/** What one of CRIU's checks says of an entry; undefined: the evidence does not tell what it would say. */
export type Check = (entry: CriuEntry) => boolean | undefined;

export interface Fixed {
  readonly entries: readonly CriuEntry[];
  /** Lines CRIU prints meanwhile, without its "vdso: " prefix. */
  readonly lines: readonly string[];
  readonly stop: DumpStop | undefined;
  /** Start of an entry the check could not be asked about. */
  readonly undecided: bigint | undefined;
  /** A runtime vDSO (or what has its mark) that was left out, and the range with it. */
  readonly dropped: readonly CriuEntry[];
}

/**
 * parasite_fixup_vdso (criu/vdso.c 3.5 and later, the same rules back to 2.0): every entry that is regular, no file, not
 * growing down, readable and executable is poked for a mark; then the check, if there is one, gives or takes the vDSO
 * status; then the marked runtime vDSO and its vvar are dropped in favour of the addresses in the mark.
 */
export const fixup = (
  space: Space,
  entries: readonly CriuEntry[],
  version: CriuVersion,
  check: Check | undefined,
): Fixed => {
  const lines: string[] = [];
  const fixed: CriuEntry[] = [];
  let marked: { readonly entry: CriuEntry; readonly mark: Mark } | undefined;
  let undecided: bigint | undefined;
  for (const entry of entries) {
    if (!entry.plain || !entry.read || !entry.execute) {
      fixed.push(entry);
      continue;
    }
    const guard = guardStop(space, entry);
    if (guard !== undefined) return { entries: fixed, lines, stop: guard, undecided, dropped: [] };
    const mark = markFor(space, entry, version);
    if (mark !== undefined) {
      const stop = markStop(space, entry, mark, version, marked !== undefined);
      if (stop !== undefined) return { entries: fixed, lines, stop, undecided, dropped: [] };
      marked = { entry, mark };
      fixed.push(entry);
      continue;
    }
    const answer = check === undefined ? entry.vdso : check(entry);
    if (answer === undefined) undecided ??= entry.start;
    else if (answer && !entry.vdso) lines.push(restored(entry, version));
    else if (!answer && entry.vdso) lines.push(droppedLine(entry, version));
    fixed.push(answer === undefined ? entry : { ...entry, vdso: answer });
  }
  if (marked === undefined) return { entries: fixed, lines, stop: undefined, undecided, dropped: [] };
  const stop = freedTwice(marked.entry, marked.mark);
  if (stop !== undefined) return { entries: fixed, lines, stop, undecided, dropped: [] };
  return { ...dropRuntime(fixed, marked.entry, marked.mark, version, lines), lines, stop: undefined, undecided };
};

/** drop_rt_vdso drops the marked mapping, and then the vvar the mark names: when that is the same one, CRIU dies of it. */
const freedTwice = ({ start }: CriuEntry, { proxy, proxyVvar, runtimeVvar }: Mark): DumpStop | undefined =>
  runtimeVvar !== start || proxy === start || proxyVvar === start
    ? undefined
    : {
        outcome: 'fail',
        mapping: start,
        line: `vdso: Dropping marked vvar at ${bare(start)}`,
        text: 'a mark names its own mapping as the vvar beside it, and CRIU dies of that',
        todo: 'Change the first eight bytes of that memory.',
      };

/** Marks CRIU knows: V1 always, V2 since 1.3 (0bb002ce6), V3 since 3.5 (3b8071bac). */
const markFor = (space: Space, entry: CriuEntry, version: CriuVersion): Mark | undefined => {
  const mark = parseMark(space.evidence.bytes.get(entry.start));
  if (mark === undefined || mark.version === 1) return mark;
  const known = mark.version === 2 ? criuAtLeast(version, 1, 3) : criuAtLeast(version, 3, 5);
  return known ? mark : undefined;
};

/** The parasite reads the first bytes of such memory, and a guard page (MADV_GUARD_INSTALL, 6.13) faults. */
const guardStop = (space: Space, entry: CriuEntry): DumpStop | undefined => {
  const word = space.evidence.pagemap.get(entry.start)?.[0] ?? 0n;
  // The bit says so since 6.15; before 4.2 it was part of the page shift.
  if ((word & GUARD) === 0n || atLeast(space.release, 6, 13) !== true) return undefined;
  // The first executable mapping is where CRIU would put its parasite.
  if (space.vmas.find(({ execute }) => execute)?.start === entry.start)
    return {
      outcome: 'fail',
      mapping: entry.start,
      line: `Can't infect (pid: ${space.evidence.process.pid}) with parasite`,
      text: 'the first executable memory begins with a guard page, where CRIU would put its parasite',
      todo: 'Take the guard away first (MADV_GUARD_REMOVE).',
    };
  return {
    outcome: 'fail-kills',
    mapping: entry.start,
    line: `${space.evidence.process.pid} was stopped by 11 unexpectedly`,
    text: 'executable memory begins with a guard page, and CRIU reads its first bytes',
    todo: 'Do not dump it; take the guard away first (MADV_GUARD_REMOVE).',
  };
};

const markStop = (
  space: Space,
  entry: CriuEntry,
  mark: Mark,
  version: CriuVersion,
  second: boolean,
): DumpStop | undefined => {
  const pid = space.evidence.process.pid;
  const current = criuAtLeast(version, 3, 5) ? 3 : criuAtLeast(version, 1, 3) ? 2 : 1;
  if (mark.version < current && !entry.write) {
    // is_vdso_mark() extends an old mark in place, from inside the parasite: a write to a page that is not writable.
    return {
      outcome: 'fail-kills',
      mapping: entry.start,
      line: `${pid} was stopped by 11 unexpectedly`,
      text: `memory that cannot be written begins with a version ${mark.version} mark, and CRIU writes to it`,
      todo: 'Do not dump it; change its first eight bytes.',
    };
  }
  if (mark.version === current && !mark.consistent) {
    return {
      outcome: 'fail',
      mapping: entry.start,
      line: 'vdso: Mark version mismatch!',
      text: 'the mark has a version number that does not go with its signature',
      todo: 'Change the first eight bytes of that memory.',
    };
  }
  if (!second) return undefined;
  return {
    outcome: 'fail',
    mapping: entry.start,
    line: 'vdso: Ow! Second vdso mark detected!',
    text: 'a second mapping begins with a CRIU mark',
    todo: 'Change the first eight bytes of the one that is not the vDSO.',
  };
};

const bare = (address: bigint): string => address.toString(16);

const restored = (entry: CriuEntry, version: CriuVersion): string =>
  `Restore vDSO status by ${criuAtLeast(version, 2, 0) ? 'pfn/symtable' : 'pfn'} at ${bare(entry.start)}`;

const droppedLine = (entry: CriuEntry, version: CriuVersion): string =>
  `Drop mishinted ${criuAtLeast(version, 1, 3) ? 'vDSO ' : ''}status at ${bare(entry.start)}`;

/**
 * drop_rt_vdso: a start that matches nothing is passed over in silence. Before 3.5 (33b5b417d, e101026bd) the vvar that goes
 * is the proxy's own, found only behind the mark, and that of the runtime vDSO stays.
 */
const dropRuntime = (
  entries: readonly CriuEntry[],
  runtime: CriuEntry,
  mark: Mark,
  version: CriuVersion,
  lines: string[],
): { readonly entries: readonly CriuEntry[]; readonly dropped: readonly CriuEntry[] } => {
  // An old mark extended to V3 has no runtime vvar (VVAR_BAD_ADDR).
  const none = 'ffffffffffffffff';
  const shown = mark.proxyVvar === undefined ? none : bare(mark.proxyVvar);
  lines.push(`vdso: Found marked at ${bare(runtime.start)} (orig vDSO at ${bare(mark.proxy)} VVAR at ${shown})`);
  const dropped: CriuEntry[] = [runtime];
  const kept: CriuEntry[] = [];
  const named = criuAtLeast(version, 3, 5) ? mark.runtimeVvar : mark.proxyVvar;
  const isDropped = ({ start, plain, read }: CriuEntry): boolean => start === named && plain && read;
  for (const entry of entries) {
    if (!criuAtLeast(version, 3, 5) && isDropped(entry) && entry.start > runtime.start) dropped.push(entry);
    else if (entry.start === mark.proxy) {
      lines.push(`vdso: Restore orig vDSO status at ${bare(entry.start)}`);
      if (entry !== runtime) kept.push({ ...entry, plain: true, vdso: true });
    } else if (entry.start === mark.proxyVvar) {
      lines.push(`vdso: Restore orig VVAR status at ${bare(entry.start)}`);
      if (entry !== runtime) kept.push({ ...entry, plain: true, vvar: true });
    } else if (isDropped(entry)) {
      dropped.push(entry);
    } else if (entry !== runtime) kept.push(entry);
  }
  lines.push(`vdso: Dropping marked vdso at ${bare(runtime.start)}`);
  const vvar = dropped[1];
  if (vvar !== undefined) lines.push(`vdso: Dropping marked vvar at ${bare(vvar.start)}`);
  return { entries: kept, dropped };
};
