import { judge } from '../judge/judge.js';
import { AT_SYSINFO, type Evidence, type Host } from '../model/evidence.js';
import type { Finding, PolicyVerdict, Verdict } from '../model/verdict.js';

/**
 * Ordinary processes differ in their addresses and in nothing else a verdict hangs on, so the judge is asked once for
 * each kind of them, and for the others its verdict is moved to their addresses: 2 us instead of 50 (and growing with
 * every rule) of the 75 that a process costs. No rule is known here: what is not plainly of a known kind is judged.
 */
export const judgeByKind = (): ((evidence: Evidence) => Verdict) => {
  const kinds = new Map<string, Kind>();
  let host: Host | undefined;
  return (evidence) => {
    host ??= evidence.host;
    const key = evidence.host === host ? kindOf(evidence) : undefined;
    if (key === undefined) return judge(evidence);
    const kind = kinds.get(key);
    if (kind !== undefined) return moved(kind, startOf(evidence) - kind.start);
    const verdict = judge(evidence);
    const made = { verdict, start: startOf(evidence), end: endOf(evidence) };
    if (kinds.size >= MOST_KINDS) kinds.clear();
    if (!isAmbiguous(made)) kinds.set(key, made);
    return verdict;
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
  let key = `${process.state} ${auxv.wordSize} ${digitsOf(vdso.start)} ${namespacesKey(evidence.namespaces)}`;
  for (const word of words) key += ` ${word}`;
  for (const vma of vmas) key += ` ${vma.name} ${vma.end - vma.start} ${vma.execute}`;
  const entry = auxv.entries.get(AT_SYSINFO);
  return entry === undefined ? key : `${key} ${entry - vdso.start}`;
};

/** How many hexadecimal digits; exact for what the reader takes for ordinary. */
const digitsOf = (address: bigint): number => Math.ceil(Math.log2(Number(address) + 1) / 4);

/** The reader shares equal maps between processes. */
const namespacesKey = (namespaces: ReadonlyMap<string, bigint>): string => {
  const known = NAMESPACE_KEYS.get(namespaces);
  if (known !== undefined) return known;
  const key = [...namespaces].map(([name, inode]) => `${name} ${inode}`).join();
  NAMESPACE_KEYS.set(namespaces, key);
  return key;
};
const NAMESPACE_KEYS = new WeakMap<ReadonlyMap<string, bigint>, string>();

/** A number in a text that is no address but looks like one of the block could not be told apart. */
const isAmbiguous = ({ verdict, start, end }: Kind): boolean =>
  (verdict.vdso?.frames ?? []).some((frame) => frame !== undefined && frame >= start && frame <= end);

const moved = (kind: Kind, by: bigint): Verdict => {
  const { verdict } = kind;
  if (by === 0n) return verdict;
  const { vdso, mappings, findings, policies } = verdict;
  return {
    vdso: vdso ? { ...vdso, start: vdso.start + by, end: vdso.end + by } : vdso,
    hint: verdict.hint,
    mappings: mappings.map((mapping) => ({
      ...mapping,
      start: mapping.start + by,
      end: mapping.end + by,
      evidence: movedTexts(mapping.evidence, kind, by),
    })),
    findings: findings.length === 0 ? findings : findings.map((finding) => movedFinding(finding, kind, by)),
    policies: {
      hint: movedPolicy(policies.hint, kind, by),
      pfn: movedPolicy(policies.pfn, kind, by),
      symtable: movedPolicy(policies.symtable, kind, by),
    },
    confidence: verdict.confidence,
    abi: verdict.abi,
    applicable: verdict.applicable,
  };
};

const movedFinding = (finding: Finding, kind: Kind, by: bigint): Finding => ({
  ...finding,
  mapping: finding.mapping === undefined ? undefined : finding.mapping + by,
  text: movedText(finding.text, kind, by),
  evidence: movedTexts(finding.evidence, kind, by),
  criuMessage: finding.criuMessage === undefined ? undefined : movedText(finding.criuMessage, kind, by),
});

const movedPolicy = (policy: PolicyVerdict, kind: Kind, by: bigint): PolicyVerdict =>
  (policy.decision ?? []).length === 0 && !namesAddress(policy.why) && policy.criuMessages.length === 0
    ? policy
    : {
        decision: policy.decision?.map((address) => address + by),
        right: policy.right,
        why: movedText(policy.why, kind, by),
        criuMessages: movedTexts(policy.criuMessages, kind, by),
      };

/** Most sentences name no address: they stay one text for all. */
const movedTexts = (texts: readonly string[], kind: Kind, by: bigint): readonly string[] =>
  texts.some(namesAddress) ? texts.map((text) => movedText(text, kind, by)) : texts;

/** Addresses of the block in a sentence, "0x7f..." or "7f...-7f...". */
const movedText = (text: string, { start, end }: Kind, by: bigint): string =>
  namesAddress(text)
    ? text.replace(HEXADECIMAL, (digits) => {
        const value = BigInt(`0x${digits}`);
        return value >= start && value <= end ? (value + by).toString(16) : digits;
      })
    : text;

/** An address of a vDSO has five digits at least (CRIU parks one at 0x36000). */
const HEXADECIMAL = /(?<![0-9a-f])[0-9a-f]{5,16}(?![0-9a-z])/g;
const ANY_HEXADECIMAL = new RegExp(HEXADECIMAL.source);

/** Asked of the few texts that verdicts are made of, again and again. */
const namesAddress = (text: string): boolean => {
  const known = NAMES_ADDRESS.get(text);
  if (known !== undefined) return known;
  const names = ANY_HEXADECIMAL.test(text);
  if (NAMES_ADDRESS.size < MOST_KINDS) NAMES_ADDRESS.set(text, names);
  return names;
};
const NAMES_ADDRESS = new Map<string, boolean>();
