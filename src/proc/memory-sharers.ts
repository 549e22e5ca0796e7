import type { Evidence } from '../model/evidence.js';
import { ALONE, FILE, frameOf } from '../model/pagemap.js';
import { isError } from './door.js';
import type { ProcContext } from './host.js';
import { pagemapWords } from './pagemap.js';

/**
 * Which of these live in the memory of one before them (vfork, clone with CLONE_VM), and of which. No file of /proc
 * says so, and kcmp(KCMP_VM), which does, is no file. But a page that one page table alone maps, seen by two processes
 * at one address with one frame, is there once: a forked child that has written has another frame, and until then the
 * page is mapped twice. Empty where frames are hidden, and before Linux 4.2.
 */
export const memorySharers = (found: readonly Evidence[], proc: ProcContext): ReadonlyMap<number, number> => {
  const sharers = new Map<number, number>();
  const owners = new Map<string, Evidence>();
  for (const one of found.filter(isLikeAnother(found))) {
    const pages = lonePages(one, proc);
    const shared = pages.find((page) => owners.has(page));
    const owner = shared === undefined ? undefined : owners.get(shared);
    // Read again: that one may have given the page up meanwhile.
    if (shared !== undefined && owner !== undefined && lonePages(owner, proc).includes(shared))
      sharers.set(one.process.pid, owner.process.pid);
    else for (const page of pages) owners.set(page, one);
  }
  return sharers;
};

/** One memory has one lowest mapping and one stack, put by its exec: nobody else's pages need to be read. */
const isLikeAnother = (found: readonly Evidence[]): ((one: Evidence) => boolean) => {
  const counts = new Map<string, number>();
  for (const one of found) counts.set(endsOf(one), (counts.get(endsOf(one)) ?? 0) + 1);
  return (one) => (counts.get(endsOf(one)) ?? 0) > 1;
};

const endsOf = ({ vmas }: Evidence): string =>
  `${vmas?.[0]?.start}-${vmas?.find(({ name }) => name === '[stack]')?.end}`;

/** "address:frame" of pages that nothing else maps, from the beginning of each writable mapping. */
const lonePages = ({ process, vmas }: Evidence, { files, host }: ProcContext): readonly string[] =>
  (vmas ?? [])
    .filter(({ write, shared }) => write && !shared)
    .slice(0, MOST_MAPPINGS)
    .flatMap((vma) => {
      const words = pagemapWords(files, `${files.root}/${process.pid}/pagemap`, vma, host.pageSize);
      if (isError(words)) return [];
      return [...words].flatMap((word, index) => {
        const frame = (word & (ALONE | FILE)) === ALONE ? frameOf(word) : undefined;
        return frame === undefined ? [] : [`${vma.start + BigInt(index * host.pageSize)}:${frame}`];
      });
    });

/** Whoever runs has written to one of these since it forked. */
const MOST_MAPPINGS = 64;
