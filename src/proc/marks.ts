import { GUARD, PRESENT } from '../model/pagemap.js';
import type { Vma } from '../model/vma.js';
import { isError } from './door.js';
import type { ProcContext } from './host.js';
import { pagemapWords } from './pagemap.js';

/** What CRIU's parasite would meet where it looks for its mark. */
export interface Marks {
  /** First bytes of mappings that begin with a mark, by start address. */
  readonly marks: ReadonlyMap<bigint, Uint8Array>;
  /** Word of the first page of mappings that begin with a guard page, which it cannot read. */
  readonly guards: ReadonlyMap<bigint, BigUint64Array>;
}

/**
 * The parasite reads the first bytes of all private executable memory without a file, however large
 * (parasite_check_vdso_mark, criu/pie/parasite.c, 1.0 to 4.2). So do we, but where no page is: that holds zeros.
 */
export const readMarks = (
  folder: string,
  poked: readonly Vma[],
  { files, host }: Pick<ProcContext, 'files' | 'host'>,
): Marks => {
  const marks = new Map<bigint, Uint8Array>();
  const guards = new Map<bigint, BigUint64Array>();
  const { pageSize } = host;
  for (const vma of poked) {
    const firstPage = { ...vma, end: vma.start + BigInt(pageSize) };
    const words = pagemapWords(files, `${folder}/pagemap`, firstPage, pageSize);
    if (isError(words)) break;
    const [word = 0n] = words;
    if ((word & GUARD) !== 0n) guards.set(vma.start, words);
    if ((word & PRESENT) === 0n) continue;
    const head = new Uint8Array(MARK_SIZE);
    const length = files.at(`${folder}/mem`, head, vma.start);
    if (!isError(length) && length === MARK_SIZE && isMark(head)) marks.set(vma.start, head);
  }
  return { marks, guards };
};

/** The signature of any version is this but for case, backwards on a big-endian machine. */
const isMark = (head: Uint8Array): boolean => /^(criuvdso|osdvuirc)/i.test(Buffer.from(head).toString('latin1', 0, 8));

/** struct vdso_mark of CRIU. */
const MARK_SIZE = 40;
