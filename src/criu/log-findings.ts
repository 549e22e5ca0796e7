import { type FindingCodeName, finding } from '../judge/finding-codes.js';
import type { Finding } from '../model/verdict.js';
import { hex } from '../text/hex.js';
import type { ImageLook } from './image-look.js';
import type { CriuLog, LogFinding, LogProcess } from './log/log.js';
import { hasStatus } from './status.js';

/** What dump.log and restore.log say of one process, beyond single lines. */
export const logFindings = (look: ImageLook, restore: CriuLog | undefined): readonly Finding[] => [
  ...markFindings(look),
  ...statusFindings(look.logged),
  ...outcomeFindings(look.restoreLines, restore),
  ...lineFindings('dump.log', look.dumpLines),
  ...lineFindings('restore.log', look.restoreLines),
];

const cite = (file: string, { line, text }: LogFinding): string => `${file}:${line}: ${text}`;

/**
 * A mark names the dumped copy by its start. When that copy has grown together with its neighbour, no mapping starts
 * there: CRIU drops the runtime vDSO and gives nobody the status (seen with 4.2; CRIU issue 2817 met it in a test).
 */
const markFindings = ({ dumpLines, took }: ImageLook): readonly Finding[] => {
  const mark = dumpLines.find(({ code }) => code === 'mark-found');
  // A mark that names no place is a forgery, and so is one beside another vDSO: nothing is lost but the page itself.
  if (mark === undefined || NOWHERE.test(mark.values[1] ?? '') || took.vdso.length > 0) return [];
  if (dumpLines.some(({ code }) => code === 'original-vdso')) return [];
  return [
    finding('image-lost-proxy', {
      mapping: mark.address,
      text: 'CRIU left the runtime vDSO out and did not find the copy that its mark names: the image has no vDSO any more.',
      evidence: [cite('dump.log', mark), 'dump.log: no "Restore orig vDSO status" follows'],
    }),
  ];
};

const NOWHERE = /^f{16}$/;

/** The same mapping before and after CRIU's checks. */
export const statusFindings = (logged: LogProcess | undefined): readonly Finding[] => {
  if (logged === undefined) return [];
  return [...logged.statusBefore].flatMap(([start, before]) => {
    const after = logged.statusAfter.get(start);
    if (after === undefined || hasStatus(before, 'vdso') === hasStatus(after, 'vdso')) return [];
    const gave = hasStatus(after, 'vdso') ? 'gave' : 'took from';
    const text = `CRIU's check ${gave} the mapping at ${hex(start)} the status of the vDSO.`;
    const evidence = [`dump.log: st 0x${before.toString(16)} when read, 0x${after.toString(16)} when written`];
    return [finding('image-status-changed', { mapping: start, text, evidence })];
  });
};

const OUTCOMES = new Map<string, readonly [FindingCodeName, string]>([
  ['in-place', ['restored-in-place', "The restore gave it that kernel's vDSO at the old address."]],
  ['proxy', ['restored-by-proxy', 'The restore made a proxy of its dumped vDSO.']],
  ['none-in-image', ['restored-without-vdso', 'The restore gave it no vDSO, as it had none.']],
  ['vdso-missing', ['restore-failed', 'The restore failed: the image has vvar without a vDSO.']],
  ['killed', ['restore-failed', 'It was killed during the restore.']],
]);

/** What a restore.log shows to have been done with one process; how far it had come when it failed is in the story. */
export const outcomeFindings = (lines: readonly LogFinding[], log: CriuLog | undefined): readonly Finding[] => {
  const failed = log?.ended === 'failure' || lines.some(({ code }) => code === 'killed');
  const told = lines.flatMap((line) => {
    const outcome = OUTCOMES.get(line.code);
    if (outcome === undefined || (failed && outcome[0] !== 'restore-failed')) return [];
    const [name, text] = outcome;
    const evidence = [cite('restore.log', line)];
    return [finding(name, { mapping: line.address, text, evidence, criuMessage: line.text })];
  });
  if (!failed || told.length > 0) return told;
  return [finding('restore-failed', { text: `The restore failed${reason(lines, log)}.`, evidence: ['restore.log'] })];
};

/** A dump that failed, and why, as far as no line about the process says so. */
export const failureFindings = (lines: readonly LogFinding[], log: CriuLog | undefined): readonly Finding[] =>
  log?.ended !== 'failure' || lines.some(isError)
    ? []
    : [finding('log-error', { text: `The dump failed${reason(lines, log)}.`, evidence: ['dump.log'] })];

const isError = ({ severity, code }: LogFinding): boolean =>
  severity === 'error' && !/^(dump|restore)-ended$/.test(code);

const reason = (lines: readonly LogFinding[], log: CriuLog | undefined): string =>
  lines.some(isError) || log?.firstError === undefined ? '' : `: ${log.firstError}`;

/** Errors and warnings of a log that no other finding tells. */
export const lineFindings = (file: string, lines: readonly LogFinding[]): readonly Finding[] =>
  lines
    .filter(({ severity, routine, code }) => severity !== 'info' && !routine && !TOLD.has(code))
    .slice(0, 100)
    .map((line) =>
      finding(line.severity === 'error' ? 'log-error' : 'log-warning', {
        mapping: line.address,
        text: `${line.meaning.slice(0, 1).toUpperCase()}${line.meaning.slice(1)}.`,
        evidence: [cite(file, line)],
        criuMessage: line.text,
      }),
    );

const TOLD = new Set([...OUTCOMES.keys(), 'status-restored', 'status-dropped', 'dump-ended', 'restore-ended']);
