import type { Finding } from '../model/verdict.js';
import { hex } from '../text/hex.js';
import { finding } from './finding.js';
import type { ImageLook } from './image-look.js';
import type { LogFinding } from './log/log.js';
import { hasStatus } from './status.js';

/** What dump.log and restore.log say of one process, beyond single lines. */
export const logFindings = (look: ImageLook): readonly Finding[] => [
  ...markFindings(look),
  ...statusFindings(look),
  ...outcomeFindings(look.restoreLines),
  ...lineFindings('dump.log', look.dumpLines),
  ...lineFindings('restore.log', look.restoreLines),
];

const cite = (file: string, { line, text }: LogFinding): string => `${file}:${line}: ${text}`;

/**
 * A mark names the dumped copy by its start. When that copy has grown together with its neighbour, no mapping starts
 * there: CRIU drops the runtime vDSO and gives nobody the status (seen with 4.2; CRIU issue 2817 met it in a test).
 */
const markFindings = ({ dumpLines }: ImageLook): readonly Finding[] => {
  const mark = dumpLines.find(({ code }) => code === 'mark-found');
  if (mark === undefined || dumpLines.some(({ code }) => code === 'original-vdso')) return [];
  return [
    finding(
      'image-lost-proxy',
      'error',
      mark.address,
      'CRIU left the runtime vDSO out and did not find the copy that its mark names: the image has no vDSO any more.',
      [cite('dump.log', mark), 'dump.log: no "Restore orig vDSO status" follows'],
    ),
  ];
};

/** The same mapping before and after CRIU's checks. */
const statusFindings = ({ logged }: ImageLook): readonly Finding[] => {
  if (logged === undefined) return [];
  return [...logged.statusBefore].flatMap(([start, before]) => {
    const after = logged.statusAfter.get(start);
    if (after === undefined || hasStatus(before, 'vdso') === hasStatus(after, 'vdso')) return [];
    const gave = hasStatus(after, 'vdso') ? 'gave' : 'took from';
    const text = `CRIU's check ${gave} the mapping at ${hex(start)} the status of the vDSO.`;
    const evidence = [`dump.log: st 0x${before.toString(16)} when read, 0x${after.toString(16)} when written`];
    return [finding('image-status-changed', 'warning', start, text, evidence)];
  });
};

const OUTCOMES = new Map<string, readonly [Finding['severity'], string]>([
  ['in-place', ['info', "The restore gave it this kernel's vDSO at the old address."]],
  ['proxy', ['warning', 'The restore made a proxy of its dumped vDSO.']],
  ['none-in-image', ['info', 'The restore gave it no vDSO, as it had none.']],
  ['vdso-missing', ['error', 'The restore failed: vvar without a vDSO.']],
  ['killed', ['error', 'It was killed during the restore.']],
]);

const outcomeFindings = (lines: readonly LogFinding[]): readonly Finding[] =>
  lines.flatMap((line) => {
    const outcome = OUTCOMES.get(line.code);
    if (outcome === undefined) return [];
    return [
      finding(`restore-${line.code}`, outcome[0], line.address, outcome[1], [cite('restore.log', line)], line.text),
    ];
  });

/** Errors and warnings of the logs that no other finding tells. */
const lineFindings = (file: string, lines: readonly LogFinding[]): readonly Finding[] =>
  lines
    .filter(({ severity, routine, code }) => severity !== 'info' && !routine && !TOLD.has(code))
    .slice(0, 100)
    .map((line) =>
      finding(`log-${line.code}`, line.severity, line.address, sentence(line.meaning), [cite(file, line)], line.text),
    );

const TOLD = new Set([...OUTCOMES.keys(), 'status-restored', 'status-dropped', 'dump-ended', 'restore-ended']);

const sentence = (meaning: string): string => `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}.`;
