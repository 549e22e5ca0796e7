import { judge } from '../judge/judge.js';
import { AT_SYSINFO, type Evidence, type Host } from '../model/evidence.js';
import type { Finding, MappingVerdict, PolicyVerdict, VdsoVerdict, Verdict } from '../model/verdict.js';

/**
 * Ordinary processes differ in their addresses and in nothing else a verdict hangs on, so the judge is asked once for
 * each kind of them, and for the others its verdict is moved to their addresses: 2 us instead of 50 (and growing with
 * every rule) of the 75 that a process costs. No rule is known here: what is not plainly of a known kind is judged.
 * Texts and lists are moved when somebody looks at them.
 */
export const judgeByKind = (): ((evidence: Evidence) => Verdict) => {
  const kinds = new Map<string, Kind>();
  let host: Host | undefined;
  return (evidence) => {
    host ??= evidence.host;
    const key = evidence.host === host ? kindOf(evidence) : undefined;
    if (key === undefined) return judge(evidence);
    const kind = kinds.get(key);
    if (kind !== undefined) return moved(kind, evidence);
    const made = { verdict: judge(evidence), start: startOf(evidence), end: endOf(evidence) };
    if (kinds.size >= MOST_KINDS) kinds.clear();
    if (!isAmbiguous(made)) kinds.set(key, made);
    return made.verdict;
  };
};

interface Kind {
  readonly verdict: Verdict;
  /** The block of the process that was judged. */
  readonly start: bigint;
  readonly end: bigint;
}

/** A machine has a dozen: by image, by pages touched, by namespace, by state. */
const MOST_KINDS = 1_000;

const startOf = ({ vmas }: Evidence): bigint => vmas?.[0]?.start ?? 0n;
const endOf = ({ vmas }: Evidence): bigint => vmas?.at(-1)?.end ?? 0n;

/** All of the evidence but its addresses, pid, name and time; undefined: not ordinary. */
const kindOf = (evidence: Evidence): string | undefined => {
  const { vmas, auxv, process, unread } = evidence;
  if (vmas === undefined || vmas.length === 0) {
    if (auxv !== undefined || evidence.pagemap.size > 0 || evidence.smaps !== undefined) return undefined;
    const reasons = unread.map(({ what, why }) => `${what} ${why}`).join();
    return `${vmas === undefined} ${process.kernelThread} ${process.state} ${reasons}`;
  }
  const vdso = vmas.at(-1);
  if (evidence.onlyBlock !== true || unread.length > 0 || vdso === undefined || auxv === undefined) return undefined;
  const words = evidence.pagemap.get(vdso.start);
  if (words === undefined || evidence.pagemap.size > 1 || evidence.bytes.size > 0 || evidence.smaps !== undefined)
    return undefined;
  let key = `${process.state} ${auxv.wordSize} ${vdso.start.toString(16).length} ${words.join()}`;
  for (const vma of vmas) key += ` ${vma.name} ${vma.end - vma.start} ${vma.execute}`;
  const entry = auxv.entries.get(AT_SYSINFO);
  if (entry !== undefined) key += ` ${entry - vdso.start}`;
  for (const [name, inode] of evidence.namespaces) key += ` ${name} ${inode}`;
  return key;
};

/** A number in a text that is no address but looks like one of the block could not be told apart. */
const isAmbiguous = ({ verdict, start, end }: Kind): boolean =>
  (verdict.vdso?.frames ?? []).some((frame) => frame !== undefined && frame >= start && frame <= end);

const moved = (kind: Kind, evidence: Evidence): Verdict => {
  const { verdict } = kind;
  const by = startOf(evidence) - kind.start;
  if (by === 0n) return verdict;
  let mappings: readonly MappingVerdict[] | undefined;
  let findings: readonly Finding[] | undefined;
  let policies: Verdict['policies'] | undefined;
  return {
    vdso: movedVdso(verdict.vdso, by),
    hint: verdict.hint,
    get mappings() {
      mappings ??= verdict.mappings.map((mapping) => ({
        ...mapping,
        start: mapping.start + by,
        end: mapping.end + by,
        evidence: mapping.evidence.map((text) => movedText(text, kind, by)),
      }));
      return mappings;
    },
    get findings() {
      findings ??= verdict.findings.map((finding) => ({
        ...finding,
        mapping: finding.mapping === undefined ? undefined : finding.mapping + by,
        text: movedText(finding.text, kind, by),
        evidence: finding.evidence.map((text) => movedText(text, kind, by)),
        criuMessage: finding.criuMessage === undefined ? undefined : movedText(finding.criuMessage, kind, by),
      }));
      return findings;
    },
    get policies() {
      policies ??= {
        hint: movedPolicy(verdict.policies.hint, kind, by),
        pfn: movedPolicy(verdict.policies.pfn, kind, by),
        symtable: movedPolicy(verdict.policies.symtable, kind, by),
      };
      return policies;
    },
    confidence: verdict.confidence,
    abi: verdict.abi,
    applicable: verdict.applicable,
  };
};

const movedVdso = (vdso: VdsoVerdict | null | undefined, by: bigint): VdsoVerdict | null | undefined =>
  vdso ? { ...vdso, start: vdso.start + by, end: vdso.end + by } : vdso;

const movedPolicy = (policy: PolicyVerdict, kind: Kind, by: bigint): PolicyVerdict => ({
  decision: policy.decision?.map((address) => address + by),
  right: policy.right,
  why: movedText(policy.why, kind, by),
  criuMessages: policy.criuMessages.map((text) => movedText(text, kind, by)),
});

/** Addresses of the block in a sentence, "0x7f..." or "7f...-7f...". */
const movedText = (text: string, { start, end }: Kind, by: bigint): string =>
  text.replace(HEXADECIMAL, (digits) => {
    const value = BigInt(`0x${digits}`);
    return value >= start && value <= end ? (value + by).toString(16) : digits;
  });

/** An address of a vDSO has five digits at least (CRIU parks one at 0x36000). */
const HEXADECIMAL = /(?<![0-9a-f])[0-9a-f]{5,16}(?![0-9a-z])/g;
