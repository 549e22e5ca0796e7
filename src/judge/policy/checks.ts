import { CURRENT_CRIU, type PolicyVerdict } from '../../model/verdict.js';
import { sizeOf } from '../../model/vma.js';
import type { CriuEntry } from '../criu/entry.js';
import type { Check } from '../criu/fixup.js';
import { symtableCheck } from '../criu/symtable.js';
import type { Space } from '../space.js';
import { imageIndex, type Traits } from '../traits.js';
import { type PolicyCase, runPolicy, type Truth } from './policy.js';

/** CRIU's three checks of which mapping is the vDSO, each as a policy. */

/**
 * VDSO_NO_CHECK: what the kernel calls [vdso] and is readable and executable is the vDSO (handle_vdso_vma). CRIU 3.5 and
 * later do so where its hint test passed (ff28da950), and for every 32-bit task.
 */
export const hintPolicy = (space: Space, truth: PolicyCase): PolicyVerdict => {
  const { namesBy, source } = space.evidence;
  if (namesBy === 'criu') return undecided('an image does not keep what the kernel named');
  if (source === 'core') return undecided('a core file does not keep what the kernel named');
  return runPolicy(space, truth, undefined, {
    decided: 'takes what the kernel names [vdso] and is readable and executable',
    undecided: 'cannot decide',
  });
};

const undecided = (why: string): PolicyVerdict => ({ decision: undefined, right: undefined, why, criuMessages: [] });

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

/**
 * VDSO_CHECK_SYMS: a mapping that parses as an ELF image with a symbol table is the vDSO (vdso_fill_symtable in the
 * parasite, 2.0 and later, d1db4faf9), whoever put it there.
 */
export const symtablePolicy = (space: Space, truth: PolicyCase): PolicyVerdict =>
  runPolicy(space, truth, (entry) => parses(space, truth, entry), {
    decided: 'takes whatever parses as an ELF image with a symbol table',
    undecided: 'mem: not enough bytes of the mapping are known',
  });

const parses = (space: Space, truth: Truth, entry: CriuEntry): boolean | undefined => {
  const bits = space.abi !== undefined && BITS32.has(space.abi) ? 32 : 64;
  const bytes = space.evidence.bytes.get(entry.start);
  const size = Number(sizeOf(entry));
  const { passes } =
    bytes === undefined ? { passes: 'unknown' as const } : symtableCheck(bytes, size, bits, CURRENT_CRIU);
  if (passes !== 'unknown') return passes;
  // The kernel's own image, unwritten, is known without its bytes; arm64 since 6.11 has a GNU hash alone, which CRIU
  // reads since 4.1 (#2570).
  const judgement = truth.judged.find(({ verdict }) => verdict.start === entry.start);
  const clean = judgement?.verdict.class === 'genuine' && truth.vdso?.modifiedPages?.length === 0;
  const image = truth.vdso?.image;
  if (!clean || image === undefined || truth.vdso?.start !== entry.start) return undefined;
  if (image !== space.abi) return false;
  return BIG_ENDIAN.has(image) ? undefined : true;
};

const BITS32 = new Set(['i386', 'arm', 's390', 'ppc', 'ppcle', 'riscv32', 'mips', 'sparc', 'parisc', 'x32']);
const BIG_ENDIAN = new Set([
  's390x',
  's390',
  'ppc64',
  'ppc',
  'mips',
  'mips64',
  'sparc',
  'sparc64',
  'parisc',
  'aarch64_be',
]);
