import { AT_ENTRY, AT_PHDR, AT_RANDOM, AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';

/** Which exec made an address space, as far as its auxv tells: exec places its entries anew, fork copies them. */
export interface Image {
  readonly vdso: bigint;
  /** Other places of the auxv; undefined when only the vDSO's entry was read. */
  readonly places: string | undefined;
}

/** Undefined: the auxv was not read, or names no vDSO. */
export const imageOf = (auxv: Auxv | undefined): Image | undefined => {
  const vdso = auxv?.entries.get(AT_SYSINFO_EHDR);
  if (auxv === undefined || vdso === undefined) return undefined;
  const places = PLACES.map((type) => auxv.entries.get(type)?.toString(16));
  return { vdso, places: places.includes(undefined) ? undefined : places.join(':') };
};

/** Every process has them. */
const PLACES = [AT_PHDR, AT_ENTRY, AT_RANDOM];

/**
 * No move changes the auxv, so another AT_SYSINFO_EHDR is another exec; unless all else is in place: then somebody
 * rewrote that entry (PR_SET_MM).
 */
export const isOtherImage = (a: Image | undefined, b: Image | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.vdso !== b.vdso &&
  (a.places === undefined || b.places === undefined || a.places !== b.places);
