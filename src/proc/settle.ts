import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import { contains, isVdsoNamed, isVvarNamed, type Vma } from '../model/vma.js';
import { hexRange } from '../text/hex.js';
import type { Steps } from './steps.js';

/**
 * One read of maps is not a snapshot: a vDSO that was moved during it is missing, or there twice. So what a read says is
 * believed only when several in a row say the same: two when it is the usual picture, ten when it is an odd one (none,
 * several, torn from its data), because in a storm odd pictures repeat too. That six and one more agree on no vDSO
 * happened once in 25,000 readings (measured); ten and one more agree so once in millions.
 */
interface Look<T> {
  readonly value: T;
  /** Equal for two looks that saw the same lines of interest. */
  readonly lines: string;
  /** Exactly one [vdso], its data pages in front of it. */
  readonly usual: boolean;
}

export type Settled<T> =
  | { readonly settled: true; readonly value: T }
  | { readonly settled: false; readonly looks: number };

/** `look` undefined: the process cannot be read any more, and the caller knows why. */
export function* settle<T>(
  look: () => Steps<Look<T> | undefined>,
  most: number = LOOKS.most,
): Steps<Settled<T> | undefined> {
  let lines: string | undefined;
  let agreed = 0;
  for (let looks = 1; looks <= most; looks++) {
    const seen = yield* look();
    if (seen === undefined) return undefined;
    agreed = seen.lines === lines ? agreed + 1 : 1;
    lines = seen.lines;
    if (agreed >= (seen.usual ? LOOKS.usual : LOOKS.odd)) return { settled: true, value: seen.value };
  }
  return { settled: false, looks: most };
}

/** `capture --script` keeps to them, too. */
export const LOOKS = { usual: 2, odd: 10, most: 24 } as const;

/** The mappings a verdict hangs on, as one string: two reads that agree on it saw the same picture. */
export const linesOfInterest = (vmas: readonly Vma[], auxv: Auxv | undefined): string => {
  const put = auxv?.entries.get(AT_SYSINFO_EHDR);
  return vmas
    .filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma) || (put !== undefined && contains(vma, put)))
    .map((vma) => `${hexRange(vma.start, vma.end)} ${vma.write} ${vma.execute} ${vma.inode} ${vma.name}`)
    .concat(put === undefined ? [] : [String(put)])
    .join('\n');
};

/** One [vdso], and the data pages, if there are any, all together right before or right after it. */
export const isUsual = (vmas: readonly Vma[]): boolean => {
  const block = vmas.filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma));
  return (
    block.filter(isVdsoNamed).length === 1 &&
    block.every((vma, index) => index === 0 || block[index - 1]?.end === vma.start)
  );
};
