import { changeEvidence, type Evidence } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';
import { isVdsoNamed, isVvarNamed, overlaps, type Vma } from '../model/vma.js';
import { NO_BYTES, NO_WORDS } from '../proc/unread.js';
import { changeSpace } from './entries.js';
import { type Ledger, LIMITS } from './ledger.js';

/**
 * Ten thousand address spaces are kept, and none is judged twice by the same reading unless an event comes late. So
 * once no late event is due, a reading is cut down to what faces show of it: the words of pagemap, bytes and the like
 * have done their work.
 */
export const slimOld = (ledger: Ledger): void => {
  for (const [id, readAt] of ledger.whole) {
    if (ledger.now - readAt < LIMITS.wholeNs && ledger.whole.size <= LIMITS.whole) break;
    ledger.whole.delete(id);
    const space = ledger.spaces.get(id);
    if (space?.evidence !== undefined) changeSpace(ledger, space, { evidence: slim(space.evidence, space.verdict) });
  }
};

/** What the faces show of a reading; the verdict on it has been made. */
export const slim = (evidence: Evidence, verdict: Verdict | undefined): Evidence =>
  changeEvidence(evidence, {
    vmas: evidence.vmas === undefined ? undefined : nearVdso(evidence.vmas, verdict),
    smaps: undefined,
    pagemap: NO_WORDS,
    kpageflags: NO_WORDS,
    bytes: NO_BYTES,
  });

/** Mappings the verdict speaks of, the vvar pages, and two neighbours on either side. */
const nearVdso = (vmas: readonly Vma[], verdict: Verdict | undefined): readonly Vma[] => {
  if (vmas.length <= SMALL) return vmas;
  const near = new Set<number>();
  for (const [index, vma] of vmas.entries()) {
    const spoken = verdict?.mappings.some(({ start, end }) => overlaps(vma, start, end)) === true;
    if (!spoken && !isVdsoNamed(vma) && !isVvarNamed(vma)) continue;
    for (let other = index - 2; other <= index + 2; other++) near.add(other);
  }
  return vmas.filter((_, index) => near.has(index));
};
const SMALL = 8;
