import type { Forecast } from '../../model/verdict.js';
import { hex } from '../../text/hex.js';
import { type CriuEntry, collectEntries, type DumpStop } from '../criu/entry.js';
import { type Fixed, fixup } from '../criu/fixup.js';
import { criuAtLeast } from '../criu/version.js';
import { pfnCheck } from '../policy/checks.js';
import type { Run } from './run.js';

/** What comes out of the dump: the entries of the image, or why there is none, or what is not known. */
export type Dump =
  | { readonly outcome: 'ok'; readonly fixed: Fixed; readonly collected: readonly CriuEntry[] }
  | { readonly outcome: 'stopped'; readonly stop: DumpStop }
  | { readonly outcome: 'unknown'; readonly why: string };

/** collect_mappings and parasite_fixup_vdso, with the check that this CRIU uses on this kernel. */
export const simulateDump = (run: Run): Dump => {
  const { space, version } = run;
  const { entries, stop } = collectEntries(space, version);
  // An image is a dump that went through: its entries are final. Those of a dump.log alone are from before the checks.
  if (space.evidence.namesBy === 'criu') {
    const fixed = { entries, lines: [], stop: undefined, undecided: undefined, dropped: [] };
    return { outcome: 'ok', fixed, collected: entries };
  }
  if (stop !== undefined) return { outcome: 'stopped', stop };
  const kind = checkKind(run);
  if (kind === undefined) return { outcome: 'unknown', why: 'which check CRIU would use here is not known' };
  const check = kind === 'none' ? undefined : pfnCheck(space, { judged: run.judged, vdso: run.verdict.vdso });
  if (kind === 'pfn' && check === undefined)
    return { outcome: 'unknown', why: "the frame of the host's vDSO is not known" };
  const fixed = fixup(space, entries, version, check);
  if (fixed.stop !== undefined) return { outcome: 'stopped', stop: fixed.stop };
  const sealed = sealedStop(space);
  if (sealed !== undefined) return { outcome: 'stopped', stop: sealed };
  if (fixed.undecided !== undefined)
    return { outcome: 'unknown', why: 'what the page frame check would say is not known' };
  return { outcome: 'ok', fixed, collected: entries };
};

/** The parasite makes private memory readable before it is dumped (mprotect_vmas), and a seal (mseal, 6.10) forbids it. */
const sealedStop = ({ vmas, evidence }: Run['space']): DumpStop | undefined => {
  const sealed = vmas.find(
    (vma) =>
      !vma.read &&
      !vma.shared &&
      vma.name !== '[vsyscall]' &&
      evidence.smaps?.get(vma.start)?.flags?.has('sl') === true,
  );
  if (sealed === undefined) return undefined;
  return {
    outcome: 'fail',
    mapping: sealed.start,
    line: 'mprotect(',
    text: `the memory at ${hex(sealed.start)} is not readable and sealed, so CRIU cannot make it readable`,
    todo: 'Nothing undoes a seal but a restart of the program.',
  };
};

/**
 * get_vdso_check_type: none for 32-bit tasks and where the hint test passes (3.5, ff28da950); else by page frame, as
 * root. Older versions always check by page frame.
 */
const checkKind = ({ space, version, compat }: Run): 'none' | 'pfn' | undefined => {
  if (!criuAtLeast(version, 3, 5)) return 'pfn';
  if (compat) return 'none';
  switch (space.naming.rule) {
    case 'mapping':
    case 'both':
    case 'claim':
      return 'none';
    case 'address':
      return 'pfn';
    case 'unknown':
      return undefined;
  }
};

export interface RestoreOutcome {
  readonly restore: Forecast['restore'];
  /** Why, as a clause. */
  readonly text: string;
  readonly line: string | undefined;
  /** The entry that becomes the vDSO. */
  readonly vdso: CriuEntry | undefined;
}
