import type { Evidence } from '../src/model/evidence.js';
import type { Forecast, Verdict } from '../src/model/verdict.js';
import { openAnswers } from './asked.js';
import type { ScreenControls } from './controls.js';
import { hasExited, type Row, severityRank } from './row.js';

/** What a dump would make of processes. Each is read for it (0.65 ms), so nobody is asked about twice for nothing. */
export interface Forecasts {
  /** Of the one whose detail is open: asked once for each reading, for the detail is drawn ten times a second. */
  readonly ofDetail: (row: Row) => Forecast | undefined;
  /**
   * Of one in the table: of those with findings, once for each verdict, and a few in a frame; undefined until then.
   * One that moves all the time has a new verdict in each frame: while these find the same, it is asked once in two seconds.
   * Where nothing is found nobody is asked: on a host where all is well it costs nothing.
   */
  readonly ofRow: (row: Row) => Forecast | undefined;
  /** A new frame begins. */
  readonly begin: () => void;
  /** Has this frame left one in the table for the next? */
  readonly isBehind: () => boolean;
}

/** `now`: ms of a clock that never goes back. */
export const rememberedForecasts = (foretell: ScreenControls['foretell'], now = () => performance.now()): Forecasts => {
  const byEvidence = openAnswers<Evidence, Forecast>();
  const byVerdict = openAnswers<Verdict, Forecast>();
  /** Of the last two seconds, by the key of the process. */
  const latest = new Map<string, Latest>();
  let asked = 0;
  let behind = false;

  const ofDetail = (row: Row): Forecast | undefined => {
    const { process, space } = row;
    const evidence = space?.evidence;
    if (evidence === undefined || space?.verdict === undefined || !isAnswerable(row)) return undefined;
    const told = byEvidence.of(evidence, process.pid) ?? foretell?.(process);
    if (told === undefined) return undefined;
    byVerdict.keep(space.verdict, process.pid, told);
    return byEvidence.keep(evidence, process.pid, told);
  };

  const ofRow = (row: Row): Forecast | undefined => {
    const verdict = row.space?.verdict;
    if (verdict === undefined || severityRank(row) <= 0 || !isAnswerable(row)) return undefined;
    const told = byVerdict.of(verdict, row.process.pid);
    if (told !== undefined) return told;
    const before = latest.get(row.process.key);
    if (before !== undefined && findTheSame(before.verdict, verdict)) {
      behind = true;
      return before.told;
    }
    const fresh = asked++ < A_FRAME ? ofDetail(row) : undefined;
    if (fresh === undefined) behind = true;
    else latest.set(row.process.key, { at: now(), verdict, told: fresh });
    return fresh;
  };

  return {
    ofDetail,
    ofRow,
    begin: () => {
      asked = 0;
      behind = false;
      for (const [key, { at }] of latest) if (now() - at >= A_WHILE) latest.delete(key);
    },
    isBehind: () => behind,
  };
};

interface Latest {
  readonly at: number;
  readonly verdict: Verdict;
  readonly told: Forecast;
}

const findTheSame = (one: Verdict, other: Verdict): boolean =>
  one.findings.length === other.findings.length &&
  one.findings.every(({ code }, index) => code === other.findings[index]?.code);

const isAnswerable = (row: Row): boolean => row.space?.verdict?.applicable === true && !hasExited(row);

/** Ten frames a second: not more than a fiftieth of a core, whatever moves. */
const A_FRAME = 3;
/** ms. */
const A_WHILE = 2000;
