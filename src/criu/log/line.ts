/**
 * One line of a CRIU log, its prefixes taken off: "(00.078284) ", "pie: 27115: ", " 27115: ", "Error (file:line): ",
 * "vdso: ". Lines of the parasite have no time.
 */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  /** The line as written, without the time. */
  readonly raw: string;
  readonly text: string;
  /** CRIU prints no level for info and debug. */
  readonly level: 'error' | 'warning' | 'info';
  /** As the prefix says it: written by the parasite or the restorer of that task. */
  readonly pid: number | undefined;
  readonly fromPie: boolean;
}

/** Longer than any line that CRIU writes about a vDSO; the rest of a line is not looked at. */
const LONGEST_LINE = 2000;

/** A line of a CRIU log, without its end, taken apart; `number` starts at 1. Any text is a line. */
export const parseLine = (number: number, line: string): LogLine => {
  const raw = withoutTime(line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line);
  const task = raw[0] === 'p' || raw[0] === ' ' || isDigit(raw[0]) ? TASK.exec(raw) : null;
  const body = task === null ? raw : raw.slice(task[0].length);
  const level = body[0] === 'E' || body[0] === 'W' ? LEVEL.exec(body) : null;
  const rest = level === null ? body : body.slice(level[0].length);
  return {
    number,
    raw,
    text: rest.startsWith(COMPONENT) ? rest.slice(rest.startsWith(TWICE) ? TWICE.length : COMPONENT.length) : rest,
    level: level === null ? 'info' : level[1] === 'Error' ? 'error' : 'warning',
    pid: task === null ? undefined : Number(task[2]),
    fromPie: task?.[1] !== undefined,
  };
};

/** Anything before the time is of another writer (a container runtime's or a journal's stamp). */
const TIME = /^[^()]{0,120}\(\d{2,}\.\d{6}\) ?/;
const TASK = /^(pie:)? {0,8}(\d{1,10}): /;
const LEVEL = /^(Error|Warn) {1,2}\([^()]{1,80}\): /;
const COMPONENT = 'vdso: ';
/** Some lines carry it twice (criu/vdso.c, drop_rt_vdso). */
const TWICE = 'vdso: vdso: ';

/** A log has millions of lines: the usual form, "(00.078284) text", goes without a pattern. */
const withoutTime = (line: string): string => {
  const end = line[0] === '(' ? line.indexOf(') ') : -1;
  return end >= 10 && end <= 20 && line[end - 7] === '.' ? line.slice(end + 2) : line.replace(TIME, '');
};

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= '0' && character <= '9';
