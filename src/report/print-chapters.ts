import type { Chapter, StoryLine, Turn } from '../model/chapter.js';
import type { Report } from '../model/report.js';
import type { PolicyVerdict } from '../model/verdict.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { timeOfDay } from '../text/time-of-day.js';
import { isForMachines, type OutputFormat, standardOutput } from './output.js';
import { explanation, printMachine, printProblems } from './print.js';
import { columns, processTable } from './table.js';

/** Prints what `analyze` found: JSON alone on stdout, or the table and then each story; problems on stderr. */
export const printChapters = (report: Report, chapters: readonly Chapter[], format: OutputFormat): void => {
  if (isForMachines(format)) printMachine(report, format);
  else if (chapters.length > 0) standardOutput().write(chaptersText(chapters, format === 'wide'));
  // Where something could not be read, that is said below.
  else if (report.problems.length === 0) standardOutput().write('It holds no process.\n');
  printProblems(report);
};

/** The same as text. `wide` leaves out nobody; else those of a recording of whom nothing is to be said are counted. */
export const chaptersText = (chapters: readonly Chapter[], wide: boolean): string => {
  const shown = wide ? chapters : chapters.filter(({ plain }) => !plain);
  const left = chapters.length - shown.length;
  const table =
    shown.length === 0
      ? ''
      : processTable(
          shown.map(({ main }) => main),
          wide,
        );
  const count = left === 1 ? 'one process is' : `${left} processes are`;
  const others =
    left === 0
      ? ''
      : `${shown.length === 0 ? '' : '\n'}${count[0]?.toUpperCase()}${count.slice(1)} left out, to whose vDSO nothing happened; -o wide lists ${left === 1 ? 'it' : 'them'}.\n`;
  const details = shown.filter(({ plain }) => !plain).map(chapterText);
  return [table + others, ...details.filter((text) => text !== '')].filter((text) => text !== '').join('\n');
};

const chapterText = (chapter: Chapter): string => {
  const { main, conclusion, story, choices } = chapter;
  const { pid, comm } = main.evidence.process;
  const { forecast: _, ...known } = main;
  const explained = explanation(chapter.restored ? known : main);
  const heading = `process ${pid}${comm === undefined ? '' : ` ${printable(comm)}`}\n`;
  const findings = explained === '' ? '' : explained.slice(explained.indexOf('\n') + 1);
  if (conclusion.length === 0 && story.length === 0) return explained;
  const parts = [
    conclusion.map((sentence) => `  ${sentence}\n`).join(''),
    story.length === 0 ? '' : columns([['  TIME (UTC)', 'WHO', 'WHAT HAPPENED'], ...story.map(storyRow)]),
    findings,
    turnsText(chapter.turns),
    choices.every(({ right }) => right) ? '' : choicesText(chapter),
  ];
  return heading + parts.filter((part) => part !== '').join('\n');
};

const storyRow = (line: StoryLine): readonly string[] => {
  const severity = line.severity === 'info' ? '' : `${line.severity}: `;
  return [`  ${timeWord(line.time)}`, line.who, `${severity}${line.text}`];
};

const timeWord = (time: bigint | undefined): string => (time === undefined ? '' : timeOfDay(time, 0n));

/** What the checks would have said, where they are wrong at some point, or change. */
const turnsText = (turns: readonly Turn[]): string => {
  const wrong = turns.some(({ policies: { hint, pfn, symtable } }) => [hint, pfn, symtable].some(isWrong));
  if (turns.length < 2 && !wrong) return '';
  const rows = turns.map(({ time, state, policies: { hint, pfn, symtable } }) => [
    `  ${timeWord(time)}`,
    state,
    ...[hint, pfn, symtable].map(policyWords),
  ]);
  return columns([['  SINCE', 'STATE', 'CHECK BY NAME', 'BY PAGE FRAME', 'BY SYMBOL TABLE'], ...rows]);
};

const isWrong = ({ right }: PolicyVerdict): boolean => right === false;

/** "right: 0x7f...", "WRONG: nothing", "cannot tell". */
const policyWords = ({ decision, right }: PolicyVerdict): string => {
  if (decision === undefined) return 'cannot tell';
  const taken = decision.length === 0 ? 'nothing' : decision.map(hex).join(' ');
  return right === undefined ? taken : `${right ? 'right' : 'WRONG'}: ${taken}`;
};

const choicesText = ({ choices }: Chapter): string =>
  columns([
    ['  MAPPING', 'IT IS', 'CRIU TOOK IT FOR', ''],
    ...choices.map(({ start, class: kind, took, right, by }) => [
      `  ${hex(start)}`,
      `${kind} (${by})`,
      took,
      right ? '' : 'WRONG',
    ]),
  ]);
