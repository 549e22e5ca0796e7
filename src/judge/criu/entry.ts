import { hasKernelName, isFileless, type Vma } from '../../model/vma.js';
import { hex } from '../../text/hex.js';
import { atLeast } from '../release.js';
import type { Space } from '../space.js';
import { type CriuVersion, criuAtLeast } from './version.js';

/** A VMA as CRIU has it after parse_smaps (criu/proc_parse.c): only the status bits that decide something here. */
export interface CriuEntry {
  readonly start: bigint;
  readonly end: bigint;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  /** VMA_AREA_REGULAR, and neither VMA_FILE_PRIVATE nor VMA_FILE_SHARED nor MAP_GROWSDOWN. */
  readonly plain: boolean;
  readonly vdso: boolean;
  readonly vvar: boolean;
}

/** Why a dump ends early. */
export interface DumpStop {
  readonly outcome: 'fail' | 'fail-kills';
  readonly mapping: bigint | undefined;
  readonly line: string;
  /** A clause: what about the process stops it. */
  readonly text: string;
  /** A sentence: what to do about it. */
  readonly todo: string;
}

export interface Collected {
  readonly entries: readonly CriuEntry[];
  readonly stop: DumpStop | undefined;
}

/**
 * The entries of parse_smaps, in order, or what stops it. Files are left out: none of the rules looks at one, except that
 * they separate two vvar mappings that are not adjacent.
 */
export const collectEntries = (space: Space, version: CriuVersion): Collected => {
  const entries: CriuEntry[] = [];
  let before: CriuEntry | undefined;
  for (const vma of space.vmas) {
    if (!isFileless(vma)) {
      before = undefined;
      continue;
    }
    const stop = refusal(space, vma, version);
    if (stop !== undefined) return { entries, stop };
    const entry = entryOf(space, vma, version);
    if (entry.vvar && before?.vvar === true && criuAtLeast(version, 4, 1)) {
      if (before.end !== entry.start) return { entries, stop: nonconsecutive(before, entry) };
      before = { ...before, end: entry.end };
      entries[entries.length - 1] = before;
      continue;
    }
    before = entry;
    entries.push(entry);
  }
  return { entries, stop: undefined };
};

const entryOf = (space: Space, vma: Vma, version: CriuVersion): CriuEntry => {
  const { start, end, read, write, execute } = vma;
  const flags = space.evidence.smaps?.get(start)?.flags;
  return {
    start,
    end,
    read,
    write,
    execute,
    plain: !NOT_REGULAR.test(vma.name) && vma.name !== '[stack]' && flags?.has('gd') !== true,
    // handle_vdso_vma: VDSO_PROT is PROT_READ | PROT_EXEC.
    vdso: hasKernelName(vma, '[vdso]') && read && execute,
    vvar: isVvarFor(vma, version) && read,
  };
};

/** [vvar_vclock] is known since 4.1 (8ee2eba47). */
const isVvarFor = (vma: Vma, version: CriuVersion): boolean =>
  hasKernelName(vma, '[vvar]') || (hasKernelName(vma, '[vvar_vclock]') && criuAtLeast(version, 4, 1));

const NOT_REGULAR = /^\[(vsyscall|vectors|uprobes)\]$/;

const refusal = (space: Space, vma: Vma, version: CriuVersion): DumpStop | undefined => {
  const pid = space.evidence.process.pid;
  if (vma.name === '[uprobes]') {
    return {
      outcome: 'fail',
      mapping: vma.start,
      line: criuAtLeast(version, 4, 2)
        ? `PID ${pid} has uprobes vma. Consider using --allow-uprobes.`
        : unsupported(vma),
      text: 'a tracer left a [uprobes] mapping behind, and CRIU does not dump such a process',
      todo: 'Dump with --allow-uprobes (CRIU 4.2 and later), or restart the program.',
    };
  }
  const special = hasKernelName(vma, '[vvar]') || hasKernelName(vma, '[vvar_vclock]');
  if (!special || isVvarFor({ ...vma, read: true }, version) === false || vma.read) return undefined;
  if (!isDevice(space, vma)) return undefined;
  return {
    outcome: 'fail',
    mapping: vma.start,
    line: unsupported(vma),
    text: `${vma.name} is not readable, so CRIU takes it for the memory of a device`,
    todo: 'Make it readable again (mprotect).',
  };
};

/** VM_IO or VM_PFNMAP: on every vvar until 7.2 (pf until 7.0, io until 7.2). */
const isDevice = (space: Space, vma: Vma): boolean => {
  const flags = space.evidence.smaps?.get(vma.start)?.flags;
  if (flags !== undefined) return flags.has('io') || flags.has('pf');
  return atLeast(space.release, 7, 3) !== true;
};

const padded = (address: bigint): string => address.toString(16).padStart(16, '0');
const unsupported = (vma: Vma): string => `Unsupported mapping found ${padded(vma.start)}-${padded(vma.end)}`;
const bare = (address: bigint): string => address.toString(16);

const nonconsecutive = (one: CriuEntry, other: CriuEntry): DumpStop => ({
  outcome: 'fail',
  mapping: other.start,
  line: `two nonconsecutive vvar vma-s: ${bare(one.start)}-${bare(one.end)} ${bare(other.start)}-${bare(other.end)}`,
  text: `the vvar mappings at ${hex(one.start)} and ${hex(other.start)} have a hole between them`,
  todo: 'Move them together again, or unmap all of vvar and the vDSO.',
});
