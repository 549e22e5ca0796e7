import type { PolicyVerdict } from '../../model/verdict.js';
import type { CriuEntry } from '../criu/entry.js';
import type { Check } from '../criu/fixup.js';
import type { Space } from '../space.js';
import { imageIndex, type Traits } from '../traits.js';
import { hintPolicy } from './hint.js';
import { type PolicyCase, runPolicy, type Truth } from './policy.js';

/**
 * VDSO_CHECK_PFN: the frame of a mapping's first page must be that of CRIU's own vDSO, which is the host's native one
 * (check_vdso_by_pfn). The mapping was poked before, so its first page is present. CRIU 3.5 and later check no 32-bit
 * task this way.
 */
export const pfnPolicy = (space: Space, truth: PolicyCase): PolicyVerdict => {
  const { machine } = space.evidence.host;
  if (space.abi !== undefined && machine !== undefined && space.abi !== machine && machine !== 'armv7l') {
    return { ...hintPolicy(space, truth), why: '32-bit task: CRIU does not check it, the name decides' };
  }
  const check = pfnCheck(space, truth);
  if (check === undefined) {
    return {
      decision: undefined,
      right: undefined,
      why: "the frame of the host's own vDSO is not known",
      criuMessages: [],
    };
  }
  return runPolicy(space, truth, check, {
    decided: "compares the frame of the first page with the host's own vDSO",
    undecided: 'pagemap: the frame of the first page is not known or hidden',
  });
};

/** The check itself; undefined when the frame of the host's own vDSO is not known. */
export const pfnCheck = (space: Space, truth: Truth): Check | undefined => {
  const { machine, reference } = space.evidence.host;
  const frame = reference.get(machine ?? '')?.[0];
  return frame === undefined ? undefined : (entry) => firstPageIs(space, truth, entry, frame);
};

const firstPageIs = (space: Space, truth: Truth, entry: CriuEntry, frame: bigint): boolean | undefined => {
  const judgement = truth.judged.find(({ verdict }) => verdict.start === entry.start);
  const isVdso = judgement?.verdict.class === 'genuine' || judgement?.verdict.class === 'criu-runtime';
  const traits = judgement?.traits ?? space.traits.find(({ vma }) => vma.start === entry.start);
  const page = traits?.pages[0];
  if (page?.frame !== undefined && (page.state === 'kernel' || page.state === 'copied')) return page.frame === frame;
  if (page?.state === 'copied') return false;
  // Not the vDSO: anonymous memory, whose frames are never the kernel's.
  if (!isVdso) return truth.vdso === undefined && page?.state !== 'absent' ? undefined : false;
  if (page === undefined || page.state !== 'absent' || traits === undefined) return undefined;
  return afterPoke(space, traits);
};

/** An absent page of the vDSO, once touched, is the kernel's: the host's first page, unless of another image or place. */
const afterPoke = (space: Space, traits: Traits): boolean | undefined => {
  const place = imageIndex(traits);
  if (place !== undefined) return place.first === 0 && place.image === space.evidence.host.machine;
  const foreign = traits.elf?.image !== undefined && traits.elf.image !== space.evidence.host.machine;
  if (foreign || traits.pages.some(({ state, known }) => state === 'kernel' && known === undefined)) return false;
  // Kernels that copy the vDSO per container all name by address, or are not told apart by their release.
  return space.naming.rule === 'mapping' ? true : undefined;
};
