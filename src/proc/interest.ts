import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import { contains, isVdsoNamed, isVvarNamed, type Vma } from '../model/vma.js';
import { hexRange } from '../text/hex.js';

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
