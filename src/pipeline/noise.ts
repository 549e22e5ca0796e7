import { errnoOf } from '../model/errno.js';
import type { CallEvent, PrctlEvent } from '../model/event.js';
import type { Effect } from './placement.js';

/**
 * CRIU moves and unmaps vDSOs on every run, its own above all. What it does is shown like anything else, but as what
 * it is and without alarm. Recognised by what it does, not by its name alone: any process may call itself criu.
 *
 * criu-test: children of every criu start without a cache try ARCH_MAP_VDSO_32, unmap their vDSO, and move it onto
 * other memory (kerndat_vdso_preserves_hint, kdat compat checks). criu-restore: the restorer empties its
 * address space with munmap calls up to its end and maps a fresh vDSO (criu/pie/restorer.c), until
 * PR_SET_MM_MAP tells the kernel the dumped layout. criu-restored: from then on it is the dumped program.
 */
export type Noise = 'criu-test' | 'criu-restore' | 'criu-restored';

const ARCH_MAP_VDSO_32 = 0x2002n;
/** A vDSO is unmapped by itself in the test (8 KiB), with all the rest of an address space in a restore. */
const FAR_MORE = 1n << 20n;
const EEXIST = 17;
const PR_SET_MM_MAP = 14n;

/** What an address space is to be taken for after a call in it; `before`: what it was taken for. */
export const noiseAfterCall = (event: CallEvent, effect: Effect, before: Noise | undefined): Noise | undefined => {
  if (event.comm !== 'criu' || before === 'criu-restore') return before;
  const [first = 0n, second = 0n] = event.args;
  if (event.call === 'munmap' && effect.kind === 'unmapped' && second >= FAR_MORE) return 'criu-restore';
  if (before !== undefined) return before;
  if (event.call === 'arch_prctl' && first === ARCH_MAP_VDSO_32)
    return second === 0n && errnoOf(event.result) !== EEXIST ? undefined : 'criu-test';
  const own = effect.kind === 'moved' || effect.kind === 'unmapped';
  return own ? 'criu-test' : undefined;
};

/** Where a restore is over; `before`: what the address space was taken for. */
export const noiseAfterPrctl = (event: PrctlEvent, before: Noise | undefined): Noise | undefined =>
  before === 'criu-restore' && tellsLayout(event) ? 'criu-restored' : before;

/** Has it told the kernel where the parts of a whole memory are? A restorer does, at its end, for the task it made. */
export const tellsLayout = ({ option, result }: PrctlEvent): boolean =>
  option === PR_SET_MM_MAP && errnoOf(result) === undefined;

/**
 * The last of a restore: CRIU has the task unmap the restorer, and with it the vDSO parked at its end where the images
 * have none (compel_unmap of munmap_restorer, criu/cr-restore.c). It is the dumped program by then; what that unmaps
 * itself does not begin so far below its vDSO.
 */
export const isEndOfRestore = (event: CallEvent, effect: Effect): boolean =>
  event.call === 'munmap' && effect.kind === 'unmapped' && (event.args[0] ?? effect.at) + RESTORER_LEAST < effect.at;

/** The restorer and its arguments take more; the data pages of a vDSO less. */
const RESTORER_LEAST = 1n << 16n;

/** What is added to a line about such an address space; undefined: it is no noise. */
export const noiseWords = (noise: Noise | undefined): string | undefined =>
  noise === 'criu-test' ? 'CRIU testing the kernel' : noise === 'criu-restore' ? 'CRIU restoring a process' : undefined;
