import type { Forecast } from '../../model/verdict.js';
import { type AddressRange, sizeOf } from '../../model/vma.js';
import { hex } from '../../text/hex.js';
import { type CriuVersion, criuAtLeast } from '../criu/version.js';
import type { Restorer } from './restorer.js';

/** A mapping of an image, by the two status bits that a restore looks at. */
export interface Part {
  readonly vdso: boolean;
  readonly vvar: boolean;
}

/** What vdso_proxify takes for the vDSO and for vvar. */
export interface Taken<P> {
  readonly vdso: P | undefined;
  readonly vvar: P | undefined;
}

/**
 * The last mapping of each status, in the order of the image (9062e59e5, 3.0); before, only the first that has either and
 * the one behind it were looked at. A mapping with both, from a forged mark, counts as vDSO alone.
 */
export const takenOf = <P extends Part>(image: readonly P[], version: CriuVersion): Taken<P> => {
  const first = image.findIndex(({ vdso, vvar }) => vdso || vvar);
  const seen = criuAtLeast(version, 3, 0) || first < 0 ? image : image.slice(first, first + 2);
  return {
    vdso: seen.filter(({ vdso }) => vdso).at(-1),
    vvar: seen.filter(({ vdso, vvar }) => vvar && !vdso).at(-1),
  };
};

/**
 * Everything a restore looks at when it decides what vDSO the task gets (vdso_proxify, criu/pie/parasite-vdso.c). The
 * same for a process that is yet to be dumped and for an image, on the same kernel and on another one.
 */
export interface RestoreLayout {
  /** See `takenOf`. */
  readonly vdso: AddressRange | undefined;
  readonly vvar: AddressRange | undefined;
  /** Does CRIU's ELF reader take the bytes there for a vDSO of the task's ABI; the line it prints when not. */
  readonly parses: { readonly passes: boolean | undefined; readonly line: string | undefined };
  readonly runtime: RuntimeLayout;
  /** Are the functions of CRIU's list where the runtime vDSO has them? Else the name of one that is not, if known. */
  readonly symbols: 'same' | 'other' | { readonly moved: string } | undefined;
  readonly restorer: Restorer;
  /** Is there memory that can be read at an address, whatever it is. */
  readonly isReadable: (address: bigint) => boolean;
}

/** What a fresh task of that ABI has on the kernel it is restored on; undefined where it is not known. */
export interface RuntimeLayout {
  /** 0n: that kernel gives no vDSO. */
  readonly vdsoSize: bigint | undefined;
  /** [vvar] and [vvar_vclock] together; 0n: that kernel maps no vvar. */
  readonly vvarSize: bigint | undefined;
  readonly vdsoFirst: boolean;
  /** See `splitsVvar`. */
  readonly splits: boolean | undefined;
}

export interface RuleOutcome {
  readonly restore: Forecast['restore'];
  /** Why, as a clause. */
  readonly text: string;
  /** What CRIU prints. */
  readonly line: string | undefined;
}

/** What CRIU makes of it. The one place for this rule. */
export const restoreRule = (layout: RestoreLayout): RuleOutcome => {
  const { vdso, vvar, parses, runtime } = layout;
  if (vdso === undefined) {
    if (vvar === undefined) {
      const own = layout.restorer.leavesOwn
        ? '; that of the restorer stays at a low address, and nothing calls it'
        : '';
      return { restore: 'none', text: `there is no vDSO in the image${own}`, line: 'No VVAR, no vDSO in image' };
    }
    const text = `the image has vvar (${hex(vvar.start)}) and no vDSO`;
    return { restore: 'fail', text, line: "Can't find vDSO area in image" };
  }
  if (runtime.vdsoSize === 0n) {
    const line = "vDSO isn't provided by kernel, but exists in images";
    return { restore: 'fail', text: 'the kernel it is restored on gives no vDSO', line };
  }
  if (parses.passes === undefined) return { restore: undefined, text: 'its bytes are not known', line: undefined };
  if (!parses.passes) {
    const text = `what the dump takes for the vDSO at ${hex(vdso.start)} is no image of this ABI`;
    return { restore: 'fail', text, line: parses.line };
  }
  const difference = differs(layout, vdso);
  if (difference === undefined)
    return { restore: undefined, text: "it is not known how this kernel's vDSO compares", line: undefined };
  if (difference !== false) {
    if (difference.isSymbol === true && layout.restorer.diesOfSymbols) {
      const text = `${difference.text}, and CRIU 3.13 to 3.15 dies when it logs that (-v3 and up; without, a proxy)`;
      return { restore: 'crash', text, line: undefined };
    }
    const line = layout.restorer.saysWhy ? difference.line : 'Runtime vdso mismatches dumpee, generate proxy';
    return { restore: 'proxy', text: difference.text, line };
  }
  return inPlace(layout, vdso);
};

interface Difference {
  readonly text: string;
  readonly line: string;
  /** It is a function that lies elsewhere. */
  readonly isSymbol?: true;
}

/** blobs_matches: false when nothing differs, undefined when it cannot be told. Content is not looked at. */
const differs = ({ vvar, runtime, symbols }: RestoreLayout, vdso: AddressRange): Difference | false | undefined => {
  const size = sizeOf(vdso);
  if (runtime.vdsoSize === undefined) return undefined;
  const sizes = `size differs: ${size.toString(16)} != ${runtime.vdsoSize.toString(16)} (rt)`;
  if (size !== runtime.vdsoSize) return { text: "the dumped vDSO is not as large as this kernel's", line: sizes };
  if (symbols === undefined) return undefined;
  if (symbols === 'other')
    return { text: 'the dumped vDSO is of another kernel', line: 'offset differs', isSymbol: true };
  if (symbols !== 'same')
    return {
      text: `${symbols.moved} lies elsewhere in this kernel's vDSO`,
      line: `\`${symbols.moved}\` offset differs`,
      isSymbol: true,
    };
  if (vvar === undefined || runtime.vvarSize === 0n) return false;
  if (runtime.vvarSize === undefined) return undefined;
  // The line prints the sizes of the vDSO, which are equal.
  if (sizeOf(vvar) !== runtime.vvarSize)
    return { text: "the vvar in the image is not as large as this kernel's", line: `vvar ${sizes}` };
  const vdsoFirst = vvar.start > vdso.start;
  if (vdsoFirst === runtime.vdsoFirst) return false;
  const pair = vdsoFirst ? 'vdso/vvar' : 'vvar/vdso';
  return {
    text: 'vDSO and vvar lie in the other order than this kernel has them',
    line: `[${pair}] pair has different order`,
  };
};

/**
 * The pair goes back to where each part was. The clock is read for each line that is printed (print_on_level,
 * compel/plugins/std/log.c): measured with 4.1.1 and 4.2, -v3 and -v4 die of it, -v2 does not.
 */
const inPlace = (layout: RestoreLayout, vdso: AddressRange): RuleOutcome => {
  const { vvar, runtime, restorer, isReadable } = layout;
  const attached = vvar !== undefined && (runtime.vdsoFirst ? vvar.start === vdso.end : vvar.end === vdso.start);
  const line = 'Runtime vdso/vvar matches dumpee, remap inplace';
  // A mark can give the status to other memory, and a target may be older: sizes of nothing are moved (park_at).
  if (vvar !== undefined && runtime.vvarSize === 0n) {
    const text = 'the image has vvar, and the kernel it is restored on has none to put there';
    return { restore: 'fail', text, line: 'Unable to remap' };
  }
  if (attached || runtime.vvarSize === 0n)
    return { restore: 'in-place', text: 'the pair is as this kernel has it', line };
  if (vvar === undefined && restorer.movesStart && !runtime.vdsoFirst) return withoutVvar(runtime, vdso);
  if (!restorer.readsClock)
    return {
      restore: 'in-place',
      text: 'each part goes back to where it was, and vvar is not where the vDSO reads it',
      line,
    };
  if (vvar === undefined && runtime.vvarSize === undefined)
    return { restore: undefined, text: 'the image has no vvar, and it is not known what that kernel has of it', line };
  // Zeros there tell its code to make a system call instead (vdso_data.clock_mode), an odd first word to wait for ever.
  const data = runtime.vdsoFirst ? vdso.end : vdso.start - (runtime.vvarSize ?? 0n);
  if (runtime.vvarSize !== undefined && isReadable(data))
    return {
      restore: undefined,
      text: 'the vDSO reads other memory in place of vvar, and what is in it decides',
      line,
    };
  const text =
    vvar === undefined
      ? 'the image has the vDSO without vvar; the restorer asks it for the time of its log (-v3 and up) and dies'
      : 'vvar is not where the vDSO reads it; the restorer asks it for the time of its log (-v3 and up) and dies';
  return { restore: 'crash', text, line: `Using gettimeofday() on vdso at ${hex(vdso.start)}...` };
};

/**
 * Before 3.13 it is the first part of what was parked that goes to the place of a vDSO without vvar (remap_rt_vdso), and
 * that is the kernel's vvar. Seen to fail so with 2.12 and 3.12 on 5.10.
 */
const withoutVvar = ({ vvarSize, splits }: RuntimeLayout, vdso: AddressRange): RuleOutcome => {
  const what =
    'the image has no vvar, and CRIU before 3.13 then moves the data pages of the kernel to the place of the vDSO';
  const whole = vvarSize === sizeOf(vdso);
  if (vvarSize === undefined || (!whole && splits === undefined))
    return { restore: undefined, text: `${what}, where the kernel allows that`, line: undefined };
  if (!whole && (splits === false || vvarSize < sizeOf(vdso)))
    return { restore: 'fail', text: `${what}, which the kernel refuses`, line: 'Unable to remap' };
  return { restore: undefined, text: `${what}; the task dies if it ever calls it`, line: undefined };
};
