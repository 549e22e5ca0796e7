import type { Evidence } from '../model/evidence.js';
import type { Finding, PolicyVerdict, VdsoVerdict, Verdict } from '../model/verdict.js';
import type { Vma } from '../model/vma.js';

/** Processes that differ in nothing a verdict hangs on but their addresses, by the one of them that was judged. */
export interface Kind {
  /** Of the process that was judged. */
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  /** Its block. */
  readonly start: bigint;
  readonly end: bigint;
  /** Some sentence of the verdict names an address; mostly none does, and then all share the sentences. */
  readonly named: boolean;
}

export const kindFrom = (evidence: Evidence, verdict: Verdict): Kind => ({
  evidence,
  verdict,
  start: startOf(evidence),
  end: evidence.vmas?.at(-1)?.end ?? 0n,
  named: textsOf(verdict).some((text) => HEXADECIMAL.test(text)),
});

/** Where the first of its mappings begins: of an ordinary process, the block. */
export const startOf = ({ vmas }: Evidence): bigint => vmas?.[0]?.start ?? 0n;

/**
 * The verdict on a process of this kind whose block lies that far from the judged one's. `own`: the vDSO of the process;
 * its numbers are taken where they are the same, so that they are there once.
 */
export const movedVerdict = (kind: Kind, by: bigint, own?: Vma): Verdict => {
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
