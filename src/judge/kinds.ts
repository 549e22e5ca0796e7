import { AT_PAGESZ, AT_SYSINFO, type Evidence } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';
import type { Vma } from '../model/vma.js';
import { judge } from './judge.js';
import { type Kind, kindFrom, movedVerdict, startOf } from './kind.js';

/**
 * Ordinary processes differ in their addresses and in nothing else a verdict hangs on, so the judge is asked once for
 * each kind of them, and for the others its verdict is moved to their addresses: 2 us instead of 50 (and growing with
 * every rule) of the 75 that a process costs. No rule is known here: what is not plainly of a known kind is judged.
 */
export const judgeByKind = (): ((evidence: Evidence) => Verdict) => {
  const kindOf = findKinds();
  return (evidence) => {
    const kind = kindOf(evidence);
    return movedVerdict(kind, startOf(evidence) - kind.start, evidence.vmas?.at(-1));
  };
};

/** The kind of a process; what is not ordinary is a kind by itself. */
export const findKinds = (): ((evidence: Evidence) => Kind) => {
  // The latest first: neighbours in the list of processes are mostly of one kind.
  const kinds: Kind[] = [];
  return (evidence) => {
    if (!isOrdinary(evidence)) return kindFrom(evidence, judge(evidence));
    for (const [index, kind] of kinds.entries()) {
      if (!isOfKind(evidence, kind)) continue;
      if (index > 0) {
        kinds.splice(index, 1);
        kinds.unshift(kind);
      }
      return kind;
    }
    const made = kindFrom(evidence, judge(evidence));
    if (!isAmbiguous(made)) kinds.unshift(made);
    if (kinds.length > MOST_KINDS) kinds.pop();
    return made;
  };
};

/** A machine has a dozen: by image, by pages touched, by namespace, by state. */
const MOST_KINDS = 64;

/** Nothing is known of it but what `isOfKind` compares, its addresses, pid, name and time. */
const isOrdinary = (evidence: Evidence): boolean => {
  const { vmas, auxv, pagemap, smaps, kpageflags, bytes, process } = evidence;
  if (smaps !== undefined || kpageflags.size > 0 || bytes.size > 0 || process.instructionPointers !== undefined)
    return false;
  if (evidence.contextVdso !== undefined || process.tracer !== undefined) return false;
  if (vmas === undefined || vmas.length === 0) return auxv === undefined && pagemap.size === 0;
  return evidence.onlyBlock === true && evidence.unread.length === 0 && auxv !== undefined && pagemap.size === 1;
};

const isOfKind = (one: Evidence, { evidence: other }: Kind): boolean => {
  if (one.host !== other.host || one.source !== other.source || one.process.state !== other.process.state) return false;
  if (one.process.kernelThread !== other.process.kernelThread) return false;
  // The reader shares equal maps of namespaces between processes.
  if (one.namespaces !== other.namespaces || !sameReasons(one.unread, other.unread)) return false;
  if (one.vmas === undefined || other.vmas === undefined) return one.vmas === other.vmas;
  return (
    one.vmas.length === other.vmas.length && (one.vmas.length === 0 || sameBlock(one, one.vmas, other, other.vmas))
  );
};

const sameReasons = (one: Evidence['unread'], other: Evidence['unread']): boolean =>
  one === other ||
  (one.length === other.length &&
    one.every(({ what, why }, index) => what === other[index]?.what && why === other[index].why));

/** The same mappings at the same distances, with the same words, of the same ABI. */
const sameBlock = (one: Evidence, vmas: readonly Vma[], other: Evidence, others: readonly Vma[]): boolean => {
  const vdso = vmas[vmas.length - 1];
  const otherVdso = others[others.length - 1];
  if (vdso === undefined || otherVdso === undefined || one.auxv?.wordSize !== other.auxv?.wordSize) return false;
  // What the reader takes for ordinary is exact as a number, and numbers leave no garbage.
  const here = Number(vdso.start);
  const there = Number(otherVdso.start);
  for (let index = 0; index < vmas.length; index += 1) {
    const vma = vmas[index];
    const like = others[index];
    if (vma === undefined || like === undefined) return false;
    if (vma.name !== like.name || vma.execute !== like.execute) return false;
    if (Number(vma.start) - here !== Number(like.start) - there) return false;
    if (Number(vma.end) - here !== Number(like.end) - there) return false;
  }
  if (digitsOf(here) !== digitsOf(there)) return false;
  // x32 is told by a whole auxv without AT_SYSINFO.
  if (one.auxv?.entries.has(AT_PAGESZ) !== other.auxv?.entries.has(AT_PAGESZ)) return false;
  const entry = one.auxv?.entries.get(AT_SYSINFO);
  const otherEntry = other.auxv?.entries.get(AT_SYSINFO);
  if (entry === undefined || otherEntry === undefined) {
    if (entry !== otherEntry) return false;
  } else if (Number(entry) - here !== Number(otherEntry) - there) return false;
  const words = one.pagemap.get(vdso.start);
  const otherWords = other.pagemap.get(otherVdso.start);
  if (words === undefined || otherWords === undefined) return false;
  // The reader shares equal words between processes.
  return (
    words === otherWords ||
    (words.length === otherWords.length && words.every((word, page) => word === otherWords[page]))
  );
};

/** How many hexadecimal digits; exact for what the reader takes for ordinary. */
const digitsOf = (address: number): number => Math.ceil(Math.log2(address + 1) / 4);

/** A number in a text that is no address but looks like one of the block could not be told apart. */
const isAmbiguous = ({ verdict, start, end }: Kind): boolean =>
  (verdict.vdso?.frames ?? []).some((frame) => frame !== undefined && frame >= start && frame <= end);
