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

export const parseLine = (number: number, line: string): LogLine => {
  const raw = line.slice(0, LONGEST_LINE).replace(TIME, '');
  const task = TASK.exec(raw);
  const level = LEVEL.exec(task === null ? raw : raw.slice(task[0].length));
  const rest = raw.slice((task?.[0].length ?? 0) + (level?.[0].length ?? 0));
  return {
    number,
    raw,
    text: rest.replace(COMPONENT, ''),
    level: level === null ? 'info' : level[1] === 'Error' ? 'error' : 'warning',
    pid: task === null ? undefined : Number(task[2]),
    fromPie: task?.[1] !== undefined,
  };
};

/** Anything before the time is of another writer (a container runtime's or a journal's stamp). */
const TIME = /^[^()]{0,120}\(\d{2,}\.\d{6}\) ?/;
const TASK = /^(pie:)? {0,8}(\d{1,10}): /;
const LEVEL = /^(Error|Warn) {1,2}\([^()]{1,80}\): /;
/** Some lines carry it twice (criu/vdso.c, drop_rt_vdso). */
const COMPONENT = /^(?:vdso: ){1,2}/;
