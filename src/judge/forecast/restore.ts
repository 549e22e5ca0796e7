import { hex } from '../../text/hex.js';
import type { CriuEntry } from '../criu/entry.js';
import type { Fixed } from '../criu/fixup.js';
import { symtableCheck } from '../criu/symtable.js';
import { criuAtLeast } from '../criu/version.js';
import { imageIndex } from '../traits.js';
import type { RestoreOutcome } from './outcome.js';
import type { Run } from './run.js';
import { runtimeOf } from './runtime-vdso.js';

/**
 * vdso_proxify on the same kernel (criu/pie/parasite-vdso.c): the last vDSO entry and the last vvar entry of the image
 * against the runtime pair. Content and permissions are not looked at.
 */
export const simulateRestore = (run: Run, fixed: Fixed): RestoreOutcome => {
  const outcome = proxify(run, fixed);
  const survives = outcome.restore === 'in-place' || outcome.restore === 'proxy' || outcome.restore === 'none';
  if (!survives) return outcome;
  const lost = pointsIntoDropped(run, fixed);
  if (lost === undefined) return outcome;
  return { restore: 'crash', text: lost, line: undefined, vdso: outcome.vdso };
};

const proxify = (run: Run, fixed: Fixed): RestoreOutcome => {
  const vdso = fixed.entries.filter((entry) => entry.vdso).at(-1);
  const vvar = fixed.entries.filter((entry) => entry.vvar).at(-1);
  if (vdso === undefined) {
    if (vvar === undefined) {
      return { restore: 'none', text: 'there is no vDSO in the image', line: 'No VVAR, no vDSO in image', vdso };
    }
    const text = `the image has vvar (${hex(vvar.start)}) and no vDSO`;
    return { restore: 'fail', text, line: "Can't find vDSO area in image", vdso };
  }
  const parsed = parses(run, vdso);
  if (parsed.passes !== true) {
    if (parsed.passes === undefined)
      return { restore: undefined, text: 'its bytes are not known', line: undefined, vdso };
    const text = `what the dump takes for the vDSO at ${hex(vdso.start)} is no image of this ABI`;
    return { restore: 'fail', text, line: parsed.line, vdso };
  }
  const mismatch = differs(run, fixed, vdso, vvar);
  if (mismatch === undefined) {
    return { restore: undefined, text: "it is not known how this kernel's vDSO compares", line: undefined, vdso };
  }
  if (mismatch !== false) return { restore: 'proxy', text: mismatch.text, line: mismatch.line, vdso };
  return inPlace(run, vdso, vvar);
};

/** The pair goes back to where each part was; the log clock of the restorer then calls the vDSO (3.13, 2d521f3c9). */
const inPlace = (run: Run, vdso: CriuEntry, vvar: CriuEntry | undefined): RestoreOutcome => {
  const runtime = runtimeOf(run);
  const attached = vvar !== undefined && (runtime.vdsoFirst ? vvar.start === vdso.end : vvar.end === vdso.start);
  const line = 'Runtime vdso/vvar matches dumpee, remap inplace';
  if (attached || runtime.vvarSize === 0n || run.compat) {
    return { restore: 'in-place', text: 'the pair is as this kernel has it', line, vdso };
  }
  if (!criuAtLeast(run.version, 3, 13))
    return { restore: undefined, text: 'the vvar is not where the vDSO reads it', line, vdso };
  const text =
    vvar === undefined
      ? 'the image has the vDSO without vvar; the restorer asks it for the time and dies'
      : 'vvar is not where the vDSO reads it; the restorer asks it for the time and dies';
  return { restore: 'crash', text, line: `Using gettimeofday() on vdso at ${hex(vdso.start)}...`, vdso };
};

const parses = (
  run: Run,
  vdso: CriuEntry,
): { readonly passes: boolean | undefined; readonly line: string | undefined } => {
  const { space } = run;
  const bytes = space.evidence.bytes.get(vdso.start);
  const one = run.judged.find(({ verdict }) => verdict.start === vdso.start);
  if (bytes !== undefined) {
    const bits = run.compat ? 32 : 64;
    const { passes, line } = symtableCheck(bytes, Number(vdso.end - vdso.start), bits);
    // Big-endian images fail the letter of the check and are restored all the same: not in the facts.
    if (passes === false && space.evidence.host.machine === 's390x') return { passes: undefined, line };
    if (passes !== 'unknown') return { passes, line };
  }
  if (one === undefined) return { passes: undefined, line: undefined };
  const { class: mappingClass } = one.verdict;
  if (mappingClass === 'criu-proxy') return { passes: true, line: undefined };
  if (mappingClass !== 'genuine') return { passes: undefined, line: undefined };
  if ((imageIndex(one.traits)?.first ?? 0) > 0) return { passes: false, line: 'Invalid ELF magic' };
  const image = run.verdict.vdso?.image;
  const foreign = image !== undefined && image !== space.abi;
  return foreign ? { passes: false, line: 'Unsupported ELF class: 1' } : { passes: true, line: undefined };
};

/** blobs_matches: false when nothing differs, undefined when it cannot be told. */
const differs = (
  run: Run,
  fixed: Fixed,
  vdso: CriuEntry,
  vvar: CriuEntry | undefined,
): { readonly text: string; readonly line: string } | false | undefined => {
  const runtime = runtimeOf(run);
  const size = vdso.end - vdso.start;
  if (runtime.vdsoSize === undefined) return undefined;
  if (size !== runtime.vdsoSize) {
    const line = `size differs: ${size.toString(16)} != ${runtime.vdsoSize.toString(16)} (rt)`;
    return { text: "the dumped vDSO is not as large as this kernel's", line };
  }
  const same = runtime.sameImage(vdso, fixed);
  if (same === undefined) return undefined;
  if (!same) return { text: 'the dumped vDSO is of another kernel', line: 'offset differs' };
  if (vvar === undefined || runtime.vvarSize === 0n) return false;
  if (runtime.vvarSize === undefined) return undefined;
  if (vvar.end - vvar.start !== runtime.vvarSize) {
    // The line prints the sizes of the vDSO, which are equal.
    const line = `vvar size differs: ${size.toString(16)} != ${runtime.vdsoSize.toString(16)} (rt)`;
    return { text: "the vvar in the image is not as large as this kernel's", line };
  }
  const vdsoFirst = vvar.start > vdso.start;
  if (vdsoFirst === runtime.vdsoFirst) return false;
  const pair = vdsoFirst ? 'vdso/vvar' : 'vvar/vdso';
  return {
    text: 'vDSO and vvar lie in the other order than this kernel has them',
    line: `[${pair}] pair has different order`,
  };
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
  const inside = pointers.find((pointer) => dropped.some(({ start, end }) => pointer >= start && pointer < end));
  return inside === undefined ? undefined : `a thread stands at ${hex(inside)}, in memory that the dump leaves out`;
};
