import { judge } from '../judge/judge.js';
import { AT_SYSINFO, type Evidence } from '../model/evidence.js';
import type { Finding, PolicyVerdict, VdsoVerdict, Verdict } from '../model/verdict.js';
import type { Vma } from '../model/vma.js';

/**
 * Ordinary processes differ in their addresses and in nothing else a verdict hangs on, so the judge is asked once for
 * each kind of them, and for the others its verdict is moved to their addresses: 2 us instead of 50 (and growing with
 * every rule) of the 75 that a process costs. No rule is known here: what is not plainly of a known kind is judged.
 */
export const judgeByKind = (): ((evidence: Evidence) => Verdict) => {
  // The latest first: neighbours in the list of processes are mostly of one kind.
  const kinds: Kind[] = [];
  return (evidence) => {
    if (!isOrdinary(evidence)) return judge(evidence);
    for (const [index, kind] of kinds.entries()) {
      if (!isOfKind(evidence, kind)) continue;
      if (index > 0) {
        kinds.splice(index, 1);
        kinds.unshift(kind);
      }
      return moved(kind, startOf(evidence) - kind.start, evidence.vmas?.at(-1));
    }
    const verdict = judge(evidence);
    const named = textsOf(verdict).some((text) => HEXADECIMAL.test(text));
    const made = { evidence, verdict, start: startOf(evidence), end: endOf(evidence), named };
    if (!isAmbiguous(made)) kinds.unshift(made);
    if (kinds.length > MOST_KINDS) kinds.pop();
    return verdict;
  };
};

interface Kind {
  /** Of the process that was judged. */
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  /** Its block. */
  readonly start: bigint;
  readonly end: bigint;
  /** Some sentence of the verdict names an address; mostly none does, and then all share the sentences. */
  readonly named: boolean;
}

/** A machine has a dozen: by image, by pages touched, by namespace, by state. */
const MOST_KINDS = 64;

const startOf = ({ vmas }: Evidence): bigint => vmas?.[0]?.start ?? 0n;
const endOf = ({ vmas }: Evidence): bigint => vmas?.at(-1)?.end ?? 0n;

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

const AT_PAGESZ = 6;

/** How many hexadecimal digits; exact for what the reader takes for ordinary. */
const digitsOf = (address: number): number => Math.ceil(Math.log2(address + 1) / 4);

/** A number in a text that is no address but looks like one of the block could not be told apart. */
const isAmbiguous = ({ verdict, start, end }: Kind): boolean =>
  (verdict.vdso?.frames ?? []).some((frame) => frame !== undefined && frame >= start && frame <= end);

/** `own`: the vDSO of the process; its numbers are taken where they are the same, so that they are there once. */
const moved = (kind: Kind, by: bigint, own: Vma | undefined): Verdict => {
  const { verdict, named } = kind;
  if (by === 0n) return verdict;
  const { vdso, mappings, findings, policies } = verdict;
  const texts = named ? (all: readonly string[]) => all.map((text) => movedText(text, kind, by)) : same;
  // Nearly every address in it is the start or the end of the vDSO: those are made once.
  const start = shared((vdso?.start ?? 0n) + by, own?.start);
  const end = shared((vdso?.end ?? 0n) + by, own?.end);
  const place = (address: bigint): bigint =>
    address === vdso?.start ? start : address === vdso?.end ? end : address + by;
  const alone = [start];
  const decided = ({ decision }: PolicyVerdict): readonly bigint[] | undefined =>
    decision?.length === 1 && decision[0] === vdso?.start ? alone : decision?.map(place);
  return {
    vdso: vdso ? movedVdso(vdso, start, end) : vdso,
    hint: verdict.hint,
    mappings: mappings.map((mapping) => ({
      start: place(mapping.start),
      end: place(mapping.end),
      name: mapping.name,
      class: mapping.class,
      confidence: mapping.confidence,
      evidence: texts(mapping.evidence),
    })),
    findings: findings.length === 0 ? findings : findings.map((finding) => movedFinding(finding, kind, by)),
    policies: {
      hint: movedPolicy(policies.hint, decided(policies.hint), kind, by),
      pfn: movedPolicy(policies.pfn, decided(policies.pfn), kind, by),
      symtable: movedPolicy(policies.symtable, decided(policies.symtable), kind, by),
    },
    confidence: verdict.confidence,
    abi: verdict.abi,
    applicable: verdict.applicable,
  };
};

const shared = (number: bigint, own: bigint | undefined): bigint => (number === own ? own : number);

const same = <T>(value: T): T => value;

const movedVdso = (vdso: VdsoVerdict, start: bigint, end: bigint): VdsoVerdict => ({
  start,
  end,
  image: vdso.image,
  moved: vdso.moved,
  modifiedPages: vdso.modifiedPages,
  vvarAttached: vdso.vvarAttached,
  sealed: vdso.sealed,
  permissions: vdso.permissions,
  frames: vdso.frames,
});

const movedFinding = (finding: Finding, kind: Kind, by: bigint): Finding => ({
  ...finding,
  mapping: finding.mapping === undefined ? undefined : finding.mapping + by,
  text: movedText(finding.text, kind, by),
  evidence: finding.evidence.map((text) => movedText(text, kind, by)),
  criuMessage: finding.criuMessage === undefined ? undefined : movedText(finding.criuMessage, kind, by),
});

const movedPolicy = (
  policy: PolicyVerdict,
  decision: PolicyVerdict['decision'],
  kind: Kind,
  by: bigint,
): PolicyVerdict => ({
  decision,
  right: policy.right,
  why: kind.named ? movedText(policy.why, kind, by) : policy.why,
  criuMessages: kind.named ? policy.criuMessages.map((text) => movedText(text, kind, by)) : policy.criuMessages,
});

const textsOf = ({ mappings, findings, policies }: Verdict): readonly string[] => [
  ...mappings.flatMap(({ evidence }) => evidence),
  ...findings.flatMap(({ text, evidence, criuMessage }) => [text, ...evidence, criuMessage ?? '']),
  ...Object.values(policies).flatMap(({ why, criuMessages }: PolicyVerdict) => [why, ...criuMessages]),
];

/** Addresses of the block in a sentence, "0x7f..." or "7f...-7f...". */
const movedText = (text: string, { start, end }: Kind, by: bigint): string =>
  text.replace(HEXADECIMALS, (digits) => {
    const value = BigInt(`0x${digits}`);
    return value >= start && value <= end ? (value + by).toString(16) : digits;
  });

/** An address of a vDSO has five digits at least (CRIU parks one at 0x36000). */
const HEXADECIMAL = /(?<![0-9a-f])[0-9a-f]{5,16}(?![0-9a-z])/;
const HEXADECIMALS = new RegExp(HEXADECIMAL.source, 'g');
