import { type CriuVersion, criuAtLeast } from '../criu/version.js';

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
