import { readElfImage } from '../../elf/image.js';
import { byStart, contains, isFileless, sizeOf } from '../../model/vma.js';
import { hex } from '../../text/hex.js';
import type { CriuEntry } from '../criu/entry.js';
import type { Fixed } from '../criu/fixup.js';
import { pristineLike } from '../criu/pristine.js';
import { proxiedSymbols } from '../criu/proxied-symbols.js';
import { identityLine, movedSymbol, symtableCheck } from '../criu/symtable.js';
import { criuAtLeast } from '../criu/version.js';
import { imageIndex } from '../traits.js';
import { withThreads } from './aftermath.js';
import type { RestoreOutcome } from './outcome.js';
import { type RestoreLayout, restoreRule, takenOf } from './restore-rule.js';
import { restorerOf } from './restorer.js';
import { type Run, standsIn } from './run.js';
import { type RuntimeVdso, runtimeOf } from './runtime-vdso.js';

/** A restore on the same kernel: the rule over what the dump would write. */
export const simulateRestore = (run: Run, fixed: Fixed): RestoreOutcome => {
  const outcome = proxify(run, fixed);
  return withThreads(outcome, { nowhere: pointsIntoDropped(run, fixed), written: pointsIntoWritten(run, outcome) });
};

/** A thread that goes on in code of the vDSO that somebody wrote. */
const pointsIntoWritten = ({ space, written }: Run, { vdso }: RestoreOutcome): string | undefined => {
  if (written === undefined || vdso === undefined) return undefined;
  const inside = space.evidence.process.instructionPointers?.find((pointer) => standsIn(pointer - vdso.start, written));
  return inside === undefined ? undefined : `a thread stands at ${hex(inside)}, in code that the restore replaces`;
};

const proxify = (run: Run, fixed: Fixed): RestoreOutcome => {
  const { vdso, vvar } = takenOf(criuAtLeast(run.version, 3, 0) ? fixed.entries : withFiles(run, fixed), run.version);
  const runtime = runtimeOf(run);
  const same = vdso === undefined ? undefined : runtime.sameImage(vdso);
  const outcome = restoreRule({
    vdso,
    vvar,
    parses: vdso === undefined ? { passes: undefined, line: undefined } : parses(run, vdso, runtime),
    runtime,
    symbols:
      same === true && vdso ? writtenSymbols(run, vdso) : same === undefined ? undefined : same ? 'same' : 'other',
    restorer: restorerOf(run.version, run.compat),
    isReadable: (address) =>
      !fixed.dropped.some((one) => contains(one, address)) &&
      run.space.vmas.some((vma) => vma.read && contains(vma, address)),
  });
  return { ...outcome, vdso };
};

/** Where it matters what lies between two mappings: files have no entry, and the image has them. */
const withFiles = ({ space }: Run, { entries }: Fixed): readonly CriuEntry[] => {
  const files = space.vmas.filter((vma) => !isFileless(vma));
  return [...entries, ...files.map((vma) => ({ ...vma, plain: false, vdso: false, vvar: false }))].sort(byStart);
};

/** This kernel's own image, or a copy of it that is a proxy; but its symbol table may have been written to. */
const writtenSymbols = ({ space, pristine, version }: Run, vdso: CriuEntry): RestoreLayout['symbols'] => {
  const bytes = space.evidence.bytes.get(vdso.start);
  const image = bytes && readElfImage(bytes)?.image;
  const names = proxiedSymbols(image, version);
  const own = bytes && pristineLike(bytes, image, pristine);
  if (bytes === undefined || own === undefined || names === undefined) return 'same';
  const moved = movedSymbol(bytes, own, names);
  return moved === undefined ? 'same' : { moved };
};

const parses = (
  run: Run,
  vdso: CriuEntry,
  { vdsoSize }: RuntimeVdso,
): { readonly passes: boolean | undefined; readonly line: string | undefined } => {
  const { space, version } = run;
  const noMagic = { passes: false, line: identityLine('Invalid ELF magic', version) };
  if (vdso.vvar) return noMagic;
  const bytes = space.evidence.bytes.get(vdso.start);
  const one = run.judged.find(({ verdict }) => verdict.start === vdso.start);
  if (bytes !== undefined) {
    const bits = run.compat ? 32 : 64;
    const { passes, line } = symtableCheck(bytes, Number(sizeOf(vdso)), bits, run.version);
    if (passes !== 'unknown') return { passes, line };
  }
  if (one === undefined) return { passes: undefined, line: undefined };
  const { class: mappingClass } = one.verdict;
  if (mappingClass === 'criu-proxy') return { passes: true, line: undefined };
  if (mappingClass !== 'genuine') return { passes: undefined, line: undefined };
  const first = imageIndex(one.traits)?.first;
  if (first !== undefined && first > 0) return noMagic;
  const image = run.verdict.vdso?.image;
  // A part of it whose pages tell no place need not be the one with the ELF header.
  const isPart = vdsoSize !== undefined && sizeOf(vdso) < vdsoSize;
  if (image === undefined || (first === undefined && isPart)) return { passes: undefined, line: undefined };
  const otherClass = `Unsupported ELF class: ${run.compat ? 2 : 1}`;
  return image === space.abi
    ? { passes: true, line: undefined }
    : { passes: false, line: identityLine(otherClass, version) };
};

/**
 * The instruction pointer of a thread is saved as it is: in memory that the dump left out, the restored task dies at once.
 * A 32-bit task that waits in a system call stands inside the vDSO (sysenter returns there), so its pointer need not be
 * known (seen twice with a proxied one).
 */
const pointsIntoDropped = (run: Run, { dropped }: Fixed): string | undefined => {
  if (dropped.length === 0) return undefined;
  const pointers = run.space.evidence.process.instructionPointers;
  if (pointers === undefined) {
    const isRuntime = run.judged.some(({ verdict }) => verdict.class === 'criu-runtime');
    return run.compat && isRuntime
      ? 'a 32-bit task waits inside the runtime vDSO, which the dump leaves out; it dies as soon as it is restored'
      : undefined;
  }
  const inside = pointers.find((pointer) => dropped.some((one) => contains(one, pointer)));
  return inside === undefined ? undefined : `a thread stands at ${hex(inside)}, in memory that the dump leaves out`;
};
