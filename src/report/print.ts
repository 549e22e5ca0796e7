import type { ProcessReport, Report } from '../model/report.js';
import { complain } from './complain.js';
import type { OutputFormat } from './format.js';
import { processReport, type Told } from './process.js';
import { standardOutput } from './standard-output.js';
import { columns, tableOfRows, tableRow } from './table.js';

/**
 * Prints what was judged on stdout: JSON alone there, problems on stderr too. ndjson: one process a line, without the
 * host. `report` is the frame: its processes are those of `judged`, made one at a time.
 */
export const printReport = (report: Report, judged: Iterable<Told>, format: OutputFormat): void => {
  if (format === 'json' || format === 'ndjson') printMachine(report, format, reports(judged));
  else printTable(judged, format === 'wide');
  printProblems(report);
};

function* reports(judged: Iterable<Told>): Generator<ProcessReport> {
  for (const one of judged) yield processReport(one);
}

/** A line for each, then in full those with something to say. */
const printTable = (judged: Iterable<Told>, wide: boolean): void => {
  const rows: (readonly string[])[] = [];
  const details: string[] = [];
  for (const one of judged) {
    rows.push(tableRow(one, wide));
    const text = explanation(one);
    if (text !== '') details.push(text);
  }
  if (rows.length > 0) standardOutput().write(tableOfRows(rows, wide));
  if (details.length > 0) standardOutput().write(`\n${details.join('\n')}`);
};

/** Ten thousand processes as objects, and their text, are 60 MB: only a piece of the text is held at a time. */
export const printMachine = (
  report: Report,
  format: 'json' | 'ndjson',
  processes: Iterable<ProcessReport> = report.processes,
): void => {
  const output = standardOutput();
  let text = '';
  const write = (more: string): void => {
    text += more;
    if (text.length < WRITE_SIZE) return;
    output.write(text);
    text = '';
  };
  if (format === 'ndjson') {
    const head = `{"schema":${JSON.stringify(report.schema)},`;
    for (const one of processes) write(`${head}${JSON.stringify(one).slice(1)}\n`);
  } else {
    let comma = '{';
    for (const [field, value] of Object.entries(report)) {
      if (value === undefined) continue;
      write(`${comma}${JSON.stringify(field)}:`);
      comma = ',';
      if (field === 'processes') writeList(processes, write);
      else write(JSON.stringify(value));
    }
    write('}\n');
  }
  output.write(text);
};

const writeList = (items: Iterable<ProcessReport>, write: (text: string) => void): void => {
  let between = '[';
  for (const item of items) {
    write(between + JSON.stringify(item));
    between = ',';
  }
  write(between === '[' ? '[]' : ']');
};

const WRITE_SIZE = 256 * 1024;

/** One sentence each, on stderr. */
export const printProblems = ({ problems }: Report): void => problems.forEach(complain);

/** The findings of one process in full, and what CRIU would do; empty for a process with nothing to say. */
export const explanation = ({ evidence, verdict, forecast }: Told): string => {
  const findings = [...verdict.findings, ...(forecast?.findings ?? [])];
  if (findings.length === 0) return '';
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
