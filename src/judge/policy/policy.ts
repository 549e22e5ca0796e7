import { CURRENT_CRIU, type PolicyVerdict, type Verdict } from '../../model/verdict.js';
import { hex } from '../../text/hex.js';
import type { Collected, CriuEntry } from '../criu/entry.js';
import { type Check, fixup } from '../criu/fixup.js';
import type { Judgement } from '../mappings.js';
import type { Space } from '../space.js';

/** What is true of the process, as far as it was found out. */
export interface Truth {
  readonly judged: readonly Judgement[];
  readonly vdso: Verdict['vdso'];
}

/** The same, and the entries that a dump by `CURRENT_CRIU` would collect: the three policies share them. */
export interface PolicyCase extends Truth {
  readonly collected: Collected;
}

/** Runs one of CRIU's checks over the process, as a dump would, and compares the outcome with the truth. */
export const runPolicy = (
  space: Space,
  truth: PolicyCase,
  check: Check | undefined,
  why: { readonly decided: string; readonly undecided: string },
): PolicyVerdict => {
  const { entries, stop: refused } = truth.collected;
  if (refused !== undefined) {
    return {
      decision: undefined,
      right: undefined,
      why: `CRIU stops before: ${refused.text}`,
      criuMessages: [refused.line],
    };
  }
  // A runtime vDSO that is known by its place only: CRIU reads its mark, whatever the check, and we cannot.
  const unread = truth.judged.find(
    ({ verdict, traits }) => verdict.class === 'criu-runtime' && traits.mark === undefined,
  );
  if (unread !== undefined) {
    const at = hex(unread.verdict.start);
    return { decision: undefined, right: undefined, why: `mem: the mark of ${at} is not known`, criuMessages: [] };
  }
  const fixed = fixup(space, entries, CURRENT_CRIU, check);
  if (fixed.stop !== undefined) {
    const { stop } = fixed;
    return {
      decision: undefined,
      right: undefined,
      why: `CRIU stops: ${stop.text}`,
      criuMessages: [...fixed.lines, stop.line],
    };
  }
  if (fixed.undecided !== undefined) {
    const at = hex(fixed.undecided);
    return { decision: undefined, right: undefined, why: `${why.undecided} (${at})`, criuMessages: fixed.lines };
  }
  const decision = fixed.entries.filter(({ vdso }) => vdso).map(({ start }) => start);
  return { decision, right: isRight(truth, decision, fixed.entries), why: why.decided, criuMessages: fixed.lines };
};

/**
 * Right when exactly what the program sees as its vDSO gets the status: after a proxy restore that is the proxy, else
 * the vDSO, all its pieces. Undefined while the truth is.
 */
const isRight = (
  { judged, vdso }: Truth,
  decision: readonly bigint[],
  entries: readonly CriuEntry[],
): boolean | undefined => {
  if (vdso === undefined) return undefined;
  const proxies = judged.filter(({ verdict }) => verdict.class === 'criu-proxy');
  // The copy a mark names is there, and its bytes are not: it is not known to be one.
  const named = judged.find(({ verdict }) => verdict.class === 'criu-runtime')?.traits.mark?.proxy;
  if (proxies.length === 0 && entries.some(({ start }) => start === named)) return undefined;
  const real = proxies.length > 0 ? proxies : judged.filter(({ verdict }) => verdict.class === 'genuine');
  const wanted = new Set(real.map(({ verdict }) => verdict.start));
  // A proxy that grew together with its neighbour has no entry of its own: no decision can be right.
  if (real.some(({ verdict }) => !entries.some(({ start }) => start === verdict.start))) return false;
  return decision.length === wanted.size && decision.every((start) => wanted.has(start));
};
