import { forecastWords } from '../judge/words.js';
import type { Told } from '../model/judged.js';
import type { Report } from '../model/report.js';
import { renderAlike } from './alike.js';
import { complain } from './complain.js';
import { isForMachines, type OutputFormat, standardOutput } from './output.js';
import { processText } from './process.js';
import { columns, tableOfRows, tableRow } from './table.js';

/**
 * Prints what was judged on stdout: JSON alone there, problems on stderr too. ndjson: one process a line, without the
 * host. `report` is the frame: its processes are those of `judged`, made one at a time.
 */
export const printReport = (
  report: Report,
  judged: Iterable<Told>,
  format: OutputFormat,
  placeOf: PlaceOf = nowhere,
): void => {
  if (isForMachines(format)) printMachine(report, format, texts(judged));
  else printTable(judged, format === 'wide', placeOf);
  printProblems(report);
};

function* texts(judged: Iterable<Told>): Generator<string> {
  const text = processText();
  for (const one of judged) yield text(one);
}

/** A line for each, then in full those with something to say. */
const printTable = (judged: Iterable<Told>, wide: boolean, placeOf: PlaceOf): void => {
  const rows: (readonly string[])[] = [];
  const details: string[] = [];
  const row = tableRow(wide);
  const more = renderAlike((one) => [explained(one)]);
  for (const one of judged) {
    rows.push(row(one));
    const [text = ''] = more(one);
    if (text !== '') details.push(headed(one, text, placeOf));
  }
  if (rows.length > 0) standardOutput().write(tableOfRows(rows, wide));
  if (details.length > 0) standardOutput().write(`\n${details.join('\n')}`);
};

/** Ten thousand processes as objects, and their text, are 60 MB: only a piece of the text is held at a time. */
export const printMachine = (
  report: Report,
  format: 'json' | 'ndjson',
  processes: Iterable<string> = reportTexts(report),
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
    for (const one of processes) write(`${head}${one.slice(1)}\n`);
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

function* reportTexts({ processes }: Report): Generator<string> {
  for (const one of processes) yield JSON.stringify(one);
}

const writeList = (items: Iterable<string>, write: (text: string) => void): void => {
  let between = '[';
  for (const item of items) {
    write(between + item);
    between = ',';
  }
  write(between === '[' ? '[]' : ']');
};

const WRITE_SIZE = 256 * 1024;

/** One sentence each, on stderr. */
export const printProblems = ({ problems }: Report): void => problems.forEach(complain);

/** The findings of one process in full, and what CRIU would do; empty for a process with nothing to say. */
export const explanation = (one: Told, placeOf: PlaceOf = nowhere): string => {
  const text = explained(one);
  return text === '' ? '' : headed(one, text, placeOf);
};

/** Of a living process: which container or service it is in. Asked of those alone that have something to say. */
export type PlaceOf = (pid: number) => string | undefined;
const nowhere: PlaceOf = () => undefined;

const headed = ({ evidence }: Told, text: string, placeOf: PlaceOf): string => {
  const place = placeOf(evidence.process.pid);
  return `process ${evidence.process.pid}${place === undefined ? '' : ` (${place})`}\n${text}`;
};

const explained = ({ verdict, forecast }: Told): string => {
  const findings = [...verdict.findings, ...(forecast?.findings ?? [])];
  if (findings.length === 0) return '';
  const rows = findings.flatMap(({ severity, code, text, criuMessage }) => [
    [`  ${severity}`, code, text],
    ...(criuMessage === undefined ? [] : [['', '', `CRIU prints: ${criuMessage}`]]),
  ]);
  const outcome = forecast === undefined ? '' : `  CRIU ${forecast.criu}: ${forecastWords(forecast)}\n`;
  return `${columns(rows)}${outcome}`;
};
