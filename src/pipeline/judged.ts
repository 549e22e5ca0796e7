import type { JudgeContext } from '../judge/context.js';
import { changeEvidence, type Evidence } from '../model/evidence.js';
import { TRACER } from '../model/state.js';
import type { Finding, Verdict } from '../model/verdict.js';
import { hex } from '../text/hex.js';
import { changeSpace } from './entries.js';
import { kept } from './kept.js';
import { isHeardUntil, type Ledger, LIMITS } from './ledger.js';
import { addLine } from './lines.js';
import { noiseWords } from './noise.js';
import type { SpaceRecord } from './records.js';
import { slimOld } from './slim.js';

export type Judge = (evidence: Evidence, context: JudgeContext) => Verdict;

/** Judges what was read since the last frame, and writes down which findings are new and which no longer hold. */
export const judged =
  (judge: Judge) =>
  (ledger: Ledger): Ledger => {
    for (const id of ledger.unjudged) {
      const space = ledger.spaces.get(id);
      if (space?.evidence !== undefined) judgeSpace(ledger, space, space.evidence, judge);
    }
    ledger.unjudged.clear();
    explain(ledger);
    slimOld(ledger);
    if (ledger.counters.sweeps > 0 && !ledger.announced) announce(ledger);
    return ledger;
  };

/** After the first census: what there is, in one line. */
const announce = (ledger: Ledger): void => {
  ledger.announced = true;
  let [living, unreadable, remarkable] = [0, 0, 0];
  for (const process of ledger.processes.values()) {
    if (process.exitedAt !== undefined) continue;
    living += 1;
    if (process.unreadable !== undefined) unreadable += 1;
    const findings = ledger.spaces.get(process.space)?.verdict?.findings ?? [];
    if (findings.some(({ severity }) => severity !== 'info')) remarkable += 1;
  }
  addLine(ledger, {
    at: ledger.now,
    pid: 0,
    comm: TRACER,
    space: '',
    severity: 'info',
    text: `census: ${living} ${living === 1 ? 'process' : 'processes'}, ${remarkable} with findings, ${unreadable} that cannot be read`,
    event: undefined,
    finding: undefined,
  });
};

const judgeSpace = (ledger: Ledger, space: SpaceRecord, evidence: Evidence, judge: Judge): void => {
  const told = withTruth(space, evidence);
  const before = space.verdict;
  const verdict = kept(before, judge(told, contextOf(space)));
  changeSpace(ledger, space, { evidence: told, verdict });
  ledger.whole.delete(space.id);
  ledger.whole.set(space.id, space.readAt);
  tellChanges(ledger, space, before, verdict);
};

/** The kernel's own pointer joins the evidence, when it was seen before the evidence was read. */
const withTruth = (space: SpaceRecord, evidence: Evidence): Evidence => {
  const { truth, readAt } = space;
  if (truth === undefined || truth.at > readAt || evidence.contextVdso !== undefined) return evidence;
  return changeEvidence(evidence, { contextVdso: truth.vdso });
};

/** What was seen up to the reading; later moves are for the next one. */
const contextOf = ({ placedAt, past, readAt }: SpaceRecord): JudgeContext => ({
  ...(placedAt === undefined || placedAt === 0n ? {} : { placedAt }),
  moves: past.length === 0 || (past.at(-1)?.at ?? 0n) <= readAt ? past : movesUntil(past, readAt),
});

/** Where only the first is left, others behind it may be forgotten (call.ts): who was the last is then not known. */
const movesUntil = (past: SpaceRecord['past'], until: bigint): SpaceRecord['past'] => {
  const seen = past.filter((move) => move.at <= until);
  const mayLack = seen.length === 1 && past.length === LIMITS.moves && past[1]?.pid !== past[0]?.pid;
  return mayLack ? [] : seen;
};

/** Findings that are new and those that are gone; and that the vDSO was found elsewhere, to be explained. */
const tellChanges = (ledger: Ledger, space: SpaceRecord, before: Verdict | undefined, after: Verdict): void => {
  const old = new Map(before?.findings.map((finding) => [sameness(finding), finding]));
  for (const finding of after.findings) if (!old.delete(sameness(finding))) addFinding(ledger, space, finding, false);
  // A zombie has nothing left: that nobody has reaped it yet is no mend.
  if (after.applicable) for (const finding of old.values()) addFinding(ledger, space, finding, true);
  const [from, to] = [before?.vdso?.start, after.vdso?.start];
  if (from === undefined || to === undefined || from === to) return;
  const current = ledger.spaces.get(space.id);
  if (current === undefined) return;
  if (current.replaced) {
    changeSpace(ledger, current, { replaced: false });
    return;
  }
  changeSpace(ledger, current, { unexplained: { from: space.unexplained?.from ?? from, to, at: space.readAt } });
  ledger.unexplained.add(space.id);
};

/** Two readings have the same finding when code and place agree; its words may differ. */
const sameness = ({ code, mapping }: Finding): string => `${code} ${mapping ?? ''}`;

const addFinding = (ledger: Ledger, space: SpaceRecord, finding: Finding, gone: boolean): void => {
  const noise = noiseWords(space.noise);
  const text = gone ? `no longer: ${finding.text}` : finding.text;
  addLine(ledger, {
    ...whose(ledger, space),
    severity: gone || noise !== undefined ? 'info' : finding.severity,
    text: `${finding.code}: ${text}${noise === undefined ? '' : ` (${noise})`}`,
    event: undefined,
    finding,
    gone,
  });
};

/**
 * It was found elsewhere. The call that did it may be known already or be on the way, when there are probes; else it
 * was not seen: polling, a gap, or before the probes were attached.
 */
const explain = (ledger: Ledger): void => {
  for (const id of ledger.unexplained) {
    const space = ledger.spaces.get(id);
    const found = space?.unexplained;
    if (space === undefined || found === undefined) ledger.unexplained.delete(id);
    else if (isHeardUntil(ledger, found.at)) {
      ledger.unexplained.delete(id);
      const known = isExplained(space, found.to);
      changeSpace(ledger, space, { unexplained: undefined, moves: space.moves + (known ? 0 : 1) });
      if (!known) addUnseenMove(ledger, space, found);
    }
  }
};

const isExplained = (space: SpaceRecord, to: bigint): boolean =>
  space.placedAt === to || space.past.some((move) => move.to === to);

const addUnseenMove = (ledger: Ledger, space: SpaceRecord, found: { from: bigint; to: bigint; at: bigint }): void =>
  addLine(ledger, {
    ...whose(ledger, space),
    at: found.at,
    severity: 'warning',
    text: `vDSO found at ${hex(found.to)}, was at ${hex(found.from)}; the call was not observed`,
    event: undefined,
    finding: undefined,
  });

/** A finding is about an address space; the line names the process it was read through, or another that lives in it. */
const whose = (ledger: Ledger, space: SpaceRecord) => {
  const members = space.members.map((key) => ledger.processes.get(key));
  const read = members.find((member) => member?.pid === space.evidence?.process.pid) ?? members[0];
  return {
    at: space.readAt,
    pid: read?.pid ?? space.evidence?.process.pid ?? 0,
    comm: read?.comm ?? space.evidence?.process.comm ?? '',
    space: space.id,
  };
};
