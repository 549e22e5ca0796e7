import { CURRENT_CRIU, type PolicyVerdict } from '../../model/verdict.js';
import { sizeOf } from '../../model/vma.js';
import type { CriuEntry } from '../criu/entry.js';
import { symtableCheck } from '../criu/symtable.js';
import type { Space } from '../space.js';
import { type PolicyCase, runPolicy, type Truth } from './policy.js';

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
