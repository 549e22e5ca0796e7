import type { MoveSeen } from '../judge/context.js';
import type { AddressSpace, HistoryLine, ProcessState } from '../model/state.js';
import type { Image } from './image.js';
import type { Noise } from './noise.js';
import type { Snapshot } from './observation.js';

/** A process as the ledger has it: what the faces are shown, and what is known beside that. */
export interface ProcessRecord extends ProcessState {
  /** Field 22 of its stat, once it was read. `key` holds an estimate until then. */
  readonly startTicks: bigint | undefined;
  /** It did not exist before (boot clock, ns); 0n: not known. What is older belongs to a former owner of the pid. */
  readonly bornAt: bigint;
  /** The oldest sign of its life. */
  readonly firstSeen: bigint;
  /**
   * A snapshot that shows another program image than its address space has: the exec has happened, its event is still
   * on the way. It waits here rather than being taken for news about the old address space.
   */
  readonly held: Snapshot | undefined;
}

/** The same of an address space. */
export interface SpaceRecord extends AddressSpace {
  /** Changed in place, like the maps above: it is one array for the life of the address space. */
  readonly history: HistoryLine[];
  /** Boot clock of the exec or fork that made it; 0n: not known. */
  readonly bornAt: bigint;
  /** Where exec or ARCH_MAP_VDSO_* put its vDSO, when a probe saw it. */
  readonly placedAt: bigint | undefined;
  /** Moves since then that were seen; the first and the newest. */
  readonly past: readonly MoveSeen[];
  /** mm->context.vdso at the newest event that said it. */
  readonly truth: { readonly at: bigint; readonly vdso: bigint } | undefined;
  /** The newest call that took its vDSO away or gave it one, as far as calls were seen. */
  readonly presence: { readonly at: bigint; readonly there: boolean } | undefined;
  readonly lastEventAt: bigint;
  /** `startedAt` of its evidence; 0n: none. */
  readonly readAt: bigint;
  /** Which exec made it, as far as auxv tells (see `imageOf`). */
  readonly image: Image | undefined;
  /** It was found elsewhere than before, and no call is known (yet) that did it. */
  readonly unexplained: { readonly from: bigint; readonly to: bigint; readonly at: bigint } | undefined;
  /** CRIU has just put another program here: the next verdict is not held against the one before. */
  readonly replaced: boolean;
  /** A well-known tool is at work here; what it does is no alarm. */
  readonly noise: Noise | undefined;
}
