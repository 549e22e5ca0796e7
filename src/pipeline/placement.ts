import type { MoveSeen } from '../judge/context.js';
import { errnoOf } from '../model/errno.js';
import type { CallEvent } from '../model/event.js';

/** What a finished call did to the vDSO of its address space, as far as its arguments and results prove it. */
export type Effect =
  | { readonly kind: 'moved'; readonly move: MoveSeen }
  /** Mapped afresh (ARCH_MAP_VDSO_*). */
  | { readonly kind: 'placed'; readonly at: bigint }
  | { readonly kind: 'unmapped' | 'covered'; readonly at: bigint }
  | { readonly kind: 'none' | 'failed' }
  /** It succeeded, and what it did only a snapshot can tell. */
  | { readonly kind: 'unclear' };

export const MREMAP_FIXED = 2n;
const MAP_FIXED = 0x10n;
const MAP_FIXED_NOREPLACE = 0x100000n;

/**
 * The rule: a move belongs to a call only if the call succeeded and the kernel's pointer at its exit
 * lies in the range it returned. Entry and exit pointers never prove it: another thread may have moved the vDSO in
 * between. `known`: where the vDSO was last known to be, for kernels whose pointer cannot be read.
 */
export const effectOf = (event: CallEvent, known: bigint | undefined): Effect => {
  if (errnoOf(event.result) !== undefined) return { kind: 'failed' };
  const [first = 0n, second = 0n, third = 0n, fourth = 0n, fifth = 0n] = event.args;
  const before = event.vdsoBefore ?? known;
  const covers = (start: bigint, length: bigint): boolean =>
    before !== undefined && before !== 0n && start <= before && before < start + length;
  switch (event.call) {
    case 'mremap':
      return mremap(event, { from: first, oldLength: second, newLength: third, flags: fourth, to: fifth }, known);
    case 'munmap':
      return covers(first, second) ? { kind: 'unmapped', at: before ?? 0n } : { kind: 'none' };
    case 'mmap':
      if ((fourth & MAP_FIXED) === 0n || (fourth & MAP_FIXED_NOREPLACE) !== 0n) return { kind: 'none' };
      return covers(event.result, second) ? { kind: 'covered', at: before ?? 0n } : { kind: 'none' };
    case 'arch_prctl':
      // ARCH_MAP_VDSO_*: the result is the size of the image, the place only the kernel's pointer tells.
      if (event.vdsoAfter === undefined) return { kind: 'unclear' };
      return { kind: 'placed', at: event.vdsoAfter };
    case 'shmat':
    case 'remap_file_pages':
      return { kind: 'unclear' };
    default:
      return { kind: 'none' };
  }
};

/**
 * x86 leaves the kernel's pointer where a vDSO was that is gone: what is done there afterwards is done to other memory.
 * Is it so here? `presence`: what the newest call before it left; `reading`: the newest one, and whether it shows none.
 */
export const isLeftOver = (
  { kind }: Effect,
  at: bigint,
  presence: { readonly at: bigint; readonly there: boolean } | undefined,
  reading: { readonly at: bigint; readonly absent: boolean } | undefined,
): boolean => {
  if (kind !== 'unmapped' && kind !== 'covered') return false;
  // A reading from after the call may show no vDSO because of it.
  if (reading !== undefined && reading.at < at && reading.at > (presence?.at ?? 0n)) return reading.absent;
  return presence !== undefined && presence.at < at && !presence.there;
};

/** Does it leave the process with a vDSO? */
export const leavesOne = ({ kind }: Effect): boolean => kind === 'moved' || kind === 'placed';

interface Remap {
  readonly from: bigint;
  readonly oldLength: bigint;
  readonly newLength: bigint;
  readonly flags: bigint;
  readonly to: bigint;
}

const mremap = (event: CallEvent, remap: Remap, known: bigint | undefined): Effect => {
  const start = event.result;
  const length = remap.newLength > 0n ? remap.newLength : remap.oldLength;
  const lands = (address: bigint): boolean => start <= address && address < start + length;
  const source = (address: bigint): boolean => remap.from <= address && address < remap.from + remap.oldLength;
  if (event.vdsoAfter !== undefined) {
    if (lands(event.vdsoAfter)) {
      // One call may move several mappings (6.17 and later): the vDSO keeps its distance from the start.
      const from = remap.from + (event.vdsoAfter - start);
      // It returned where it was: nothing moved. Or the pointer is stale and other memory was put onto it.
      if (from === event.vdsoAfter) return { kind: 'none' };
      const before = event.vdsoBefore;
      if (before === event.vdsoAfter && !source(before)) return { kind: 'covered', at: before };
      return { kind: 'moved', move: move(event, from, event.vdsoAfter) };
    }
    return event.vdsoBefore !== undefined && source(event.vdsoBefore) && start !== remap.from
      ? { kind: 'unclear' }
      : { kind: 'none' };
  }
  if (known === undefined) return { kind: 'unclear' };
  if (source(known)) {
    const to = start + (known - remap.from);
    return to === known ? { kind: 'none' } : { kind: 'moved', move: move(event, known, to) };
  }
  return (remap.flags & MREMAP_FIXED) !== 0n && lands(known) ? { kind: 'covered', at: known } : { kind: 'none' };
};

const move = (event: CallEvent, from: bigint, to: bigint): MoveSeen => ({
  at: event.at,
  from,
  to,
  pid: event.tgid,
  comm: event.comm,
});
