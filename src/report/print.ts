import { worstFinding } from '../judge/words.js';
import type { Report } from '../model/report.js';
import { complain } from './complain.js';
import type { OutputFormat } from './format.js';
import type { Judged } from './process.js';
import { standardOutput } from './standard-output.js';
import { columns, processTable } from './table.js';

/**
 * Prints a report on stdout: JSON alone there, problems on stderr too. ndjson: one process a line, without the host.
 */
export const printReport = (report: Report, judged: readonly Judged[], format: OutputFormat): void => {
  if (format === 'json' || format === 'ndjson') printMachine(report, format);
  else if (judged.length > 0) {
    standardOutput().write(processTable(judged, format === 'wide'));
    const details = judged.map(explanation).filter((text) => text !== '');
    if (details.length > 0) standardOutput().write(`\n${details.join('\n')}`);
  }
  printProblems(report);
};

export const printMachine = (report: Report, format: 'json' | 'ndjson'): void => {
  if (format === 'json') {
    standardOutput().write(`${JSON.stringify(report)}\n`);
    return;
  }
  // Some hundred lines a write: a write costs as much as a line.
  let lines = '';
  for (const one of report.processes) {
    lines += `${JSON.stringify({ schema: report.schema, ...one })}\n`;
    if (lines.length < WRITE_SIZE) continue;
    standardOutput().write(lines);
    lines = '';
  }
  standardOutput().write(lines);
};
const WRITE_SIZE = 256 * 1024;

/** One sentence each, on stderr. */
export const printProblems = ({ problems }: Report): void => problems.forEach(complain);

/** The findings of one process in full, and what CRIU would do; empty for a process with nothing to say. */
export const explanation = ({ evidence, verdict, forecast }: Judged): string => {
  const findings = [...verdict.findings, ...(forecast?.findings ?? [])];
  if (worstFinding(verdict) === undefined && (forecast?.findings ?? []).length === 0) return '';
  const rows = findings.flatMap(({ severity, code, text, criuMessage }) => [
    [`  ${severity}`, code, text],
    ...(criuMessage === undefined ? [] : [['', '', `CRIU prints: ${criuMessage}`]]),
  ]);
  const outcome =
    forecast === undefined
      ? ''
      : `  CRIU ${forecast.criu}: dump ${forecast.dump ?? 'unknown'}, restore ${
          forecast.restore === null ? 'has no image' : (forecast.restore ?? 'unknown')
        }${forecast.loss !== undefined && forecast.loss.length > 0 ? `, lost: ${forecast.loss.join(', ')}` : ''}\n`;
  return `process ${evidence.process.pid}\n${columns(rows)}${outcome}`;
};
