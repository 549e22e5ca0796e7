import { finding } from '../../judge/finding-codes.js';
import type { Finding } from '../../model/verdict.js';
import { printable } from '../../text/escape.js';
import { isoTime } from '../../text/time-of-day.js';
import { isProxied } from '../compare.js';
import { type Writer, writerOf } from '../recording/writes.js';
import { imageOf } from './choices.js';
import { outcomeOf } from './outcome.js';
import type { Role } from './roles.js';
import type { Witness } from './witness.js';

/** Pages of the vDSO that were not the kernel's before the dump, who wrote them, and what became of that. */
export interface Written {
  readonly pages: readonly number[];
  /** "puppet (pid 7) made it writable at ..., and page 0 was a copy at ..."; empty: nobody saw it. */
  readonly writers: readonly string[];
  readonly fate: 'lost' | 'in-proxy' | 'kept' | 'unknown';
}

/** Undefined: nothing was written, or nobody can tell. */
export const writtenOf = (roles: readonly Role[]): Written | undefined => {
  const image = imageOf(roles);
  const before = roles.filter(({ role }) => role === 'before').map(({ witness }) => witness);
  // CRIU itself wrote its mark into the vDSO it parked: no restore keeps that one, and nobody misses it.
  if (before.some(({ judged }) => isProxied(judged.verdict))) return undefined;
  const seen = [...before].reverse().find(({ judged }) => pagesOf(judged.verdict.vdso) !== undefined);
  const copied = pagesOf((seen ?? image)?.judged.verdict.vdso);
  const changed = pagesOf(image?.judged.verdict.vdso);
  // A page that was copied and holds the kernel's bytes again: nothing can be lost with it.
  const pages = copied?.filter((page) => changed === undefined || changed.includes(page)) ?? [];
  if (pages.length === 0) return undefined;
  return { pages, writers: writersOf(before, pages), fate: fateOf(roles, pages) };
};

const pagesOf = (vdso: Witness['judged']['verdict']['vdso']): readonly number[] | undefined =>
  vdso === undefined || vdso === null ? undefined : vdso.modifiedPages;

const fateOf = (roles: readonly Role[], pages: readonly number[]): Written['fate'] => {
  const after = roles.filter(({ role }) => role === 'after').at(-1)?.witness.judged.verdict;
  const outcome = outcomeOf(imageOf(roles), after);
  if (outcome === 'proxy') return 'in-proxy';
  const left = pagesOf(after?.vdso);
  if (left !== undefined) return pages.some((page) => !left.includes(page)) ? 'lost' : 'kept';
  return outcome === 'in-place' ? 'lost' : 'unknown';
};

/** Sentences, one for each way in which pages were written. */
const writersOf = (witnesses: readonly Witness[], pages: readonly number[]): readonly string[] => {
  const found = new Map<string, number[]>();
  for (const { life, judged } of witnesses) {
    const { vdso } = judged.verdict;
    if (life === undefined || !vdso) continue;
    for (const page of pages) {
      const writer = writerOf(life.life, page, { vdso, pageSize: judged.evidence.host.pageSize });
      if (writer === undefined) continue;
      const words = writerWords(writer, life.life.pid);
      found.set(words, [...(found.get(words) ?? []), page]);
    }
  }
  return [...found].map(([words, list]) => `${pageWords(list)} ${words}`);
};

/** A call that writes is seen; a write to memory that was made writable is not, so that is said as a conclusion. */
const writerWords = ({ how, from, until, inheritedFrom, ...writer }: Writer, pid: number): string => {
  const name = printable(writer.comm);
  const who = writer.pid === pid ? `the process itself (${name})` : `process ${writer.pid} (${name})`;
  const first = isoTime(from.time, 0n);
  const inherited =
    inheritedFrom === undefined
      ? ''
      : `; inherited by fork from process ${inheritedFrom.pid} (${printable(inheritedFrom.comm)})`;
  if (how !== 'mprotect')
    return `was written by ${who} with ${how === 'ptrace' ? 'a ptrace poke' : how} at ${first}${inherited}`;
  return `was written between ${first} and ${isoTime(until.time, 0n)}, as far as calls show by ${who}, which had made it writable${inherited}`;
};

/** "page 0", "pages 0, 1". */
export const pageWords = (pages: readonly number[]): string =>
  pages.length === 1 ? `page ${pages[0]}` : `pages ${pages.join(', ')}`;

/** What became of it in the restore; none where it is still there, or where that is not known. `start`: of the vDSO. */
export const writtenFindings = (written: Written | undefined, start: bigint | undefined): readonly Finding[] => {
  if (written === undefined) return [];
  const { pages, writers, fate } = written;
  const evidence = [...writers];
  if (fate === 'lost') {
    const text = `What was written into ${pageWords(pages)} of the vDSO is lost: the restore put the kernel's back.`;
    return [finding('content-lost', { mapping: start, text, evidence })];
  }
  if (fate !== 'in-proxy') return [];
  const text = `What was written into ${pageWords(pages)} of the vDSO is in its dumped copy, where the restore wrote jumps over the functions CRIU knows.`;
  return [finding('content-in-proxy', { mapping: start, text, evidence })];
};
