import { hex } from '../text/hex.js';
import { proxiedSymbols } from './proxied-symbols.js';

/** Everything CRIU looks at when it decides what vDSO a restored task gets (vdso_proxify, criu/pie/parasite-vdso.c). */
export interface RestoreLayout {
  /** Mappings that carry the status of the vDSO, in address order: in an image, or what a dump would write into one. */
  readonly vdso: readonly Range[];
  /** Mappings with the status of vvar, in address order; neighbours already joined (CRIU 4.1 and later). */
  readonly vvar: readonly Range[];
  /** A 32-bit task on a 64-bit kernel: the restorer then takes no time from the vDSO. */
  readonly compat: boolean;
  /** Of the bytes at the last vDSO mapping: does CRIU's ELF reader accept them? undefined: not known, taken as yes. */
  readonly parses: boolean | undefined;
  /** "x86_64", "i386", ... and the symbols of those bytes; undefined: not known, taken as those of the target. */
  readonly image: string | undefined;
  readonly symbols: ReadonlyMap<string, number> | undefined;
  readonly target: TargetLayout;
}

export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** The vDSO that a fresh task of that ABI has on the kernel it is restored on; undefined fields are not known. */
export interface TargetLayout {
  /** 0n: this kernel gives no vDSO. Not known: taken as that of the image, as on the same kernel. */
  readonly vdsoSize: bigint | undefined;
  /** [vvar] and [vvar_vclock] together. */
  readonly vvarSize: bigint | undefined;
  readonly vdsoBelowVvar: boolean;
  readonly symbols: ReadonlyMap<string, number> | undefined;
}

export interface RestoreOutcome {
  /** undefined: what is known does not decide it. */
  readonly restore: 'in-place' | 'proxy' | 'none' | 'fail' | 'crash' | undefined;
  readonly why: string;
  /** The line CRIU prints for it. */
  readonly criuMessage: string | undefined;
}

/** What CRIU 3.5 and later does at a restore. Pure, the one place for this rule. */
export const restoreOutcome = (layout: RestoreLayout): RestoreOutcome => {
  const vdso = layout.vdso.at(-1);
  const vvar = layout.vvar.at(-1);
  if (vdso === undefined && vvar === undefined)
    return outcome('none', 'there is neither vDSO nor vvar to restore', 'No VVAR, no vDSO in image');
  if (vdso === undefined)
    return outcome(
      'fail',
      'vvar is there without a vDSO, which CRIU takes for a broken image',
      "Can't find vDSO area in image",
    );
  if (layout.target.vdsoSize === 0n)
    return outcome('fail', 'the target kernel gives no vDSO', "vDSO isn't provided by kernel, but exists in images");
  if (layout.parses === false)
    return outcome('fail', 'the dumped bytes of the vDSO do not parse as one', 'Invalid ELF magic');
  const difference = differs(layout, vdso, vvar);
  if (difference !== undefined) return outcome('proxy', difference, 'Runtime vdso mismatches dumpee, generate proxy');
  if (reachesVvar(vdso, vvar)) return outcome('in-place', 'size, symbols and order are those of the target', IN_PLACE);
  if (vvar === undefined && layout.target.vvarSize === 0n)
    return outcome('in-place', 'a kernel without vvar', IN_PLACE);
  if (vvar !== undefined && layout.target.vvarSize === undefined)
    return outcome(undefined, 'vvar does not touch the vDSO, and how large that of the kernel is is not known');
  const what =
    vvar === undefined ? 'there is a vDSO without vvar' : `vvar at ${hex(vvar.start)} does not touch the vDSO`;
  // remap_rt_vdso moves each part to its dumped address; then the restorer's log clock calls gettimeofday there.
  return layout.compat
    ? outcome('in-place', `${what}; a 32-bit task is restored so, and faults at its next call`, IN_PLACE)
    : outcome('crash', `${what}: the restorer itself calls it and faults`, 'Using gettimeofday() on vdso at');
};

const IN_PLACE = 'Runtime vdso/vvar matches dumpee, remap inplace';

const outcome = (restore: RestoreOutcome['restore'], why: string, criuMessage?: string): RestoreOutcome => ({
  restore,
  why,
  criuMessage,
});

const size = ({ start, end }: Range): bigint => end - start;

/** blobs_matches(): size, symbols of the architecture's list, then size and order of vvar when there is one. */
const differs = (layout: RestoreLayout, vdso: Range, vvar: Range | undefined): string | undefined => {
  const { target, symbols } = layout;
  if (target.vdsoSize !== undefined && size(vdso) !== target.vdsoSize)
    return `the vDSO is ${size(vdso)} bytes long, that of the target ${target.vdsoSize}`;
  const moved = proxiedSymbols(layout.image)?.find(
    (name) => symbols !== undefined && target.symbols !== undefined && symbols.get(name) !== target.symbols.get(name),
  );
  if (moved !== undefined) return `${moved} lies elsewhere in the vDSO of the target`;
  if (vvar === undefined) return undefined;
  if (target.vvarSize !== undefined && size(vvar) !== target.vvarSize)
    return `vvar is ${size(vvar)} bytes long, that of the target ${target.vvarSize}`;
  if (target.vvarSize === undefined && layout.vvar.length > 1)
    return 'vvar is in several pieces, and CRIU compares the size of the last one alone';
  return vvar.start > vdso.start === target.vdsoBelowVvar
    ? undefined
    : 'vDSO and vvar have another order than the kernel gives them';
};

/** vDSO code reads its data pages at a fixed distance: they must touch. */
const reachesVvar = (vdso: Range, vvar: Range | undefined): boolean =>
  vvar !== undefined && (vvar.end === vdso.start || vdso.end === vvar.start);
