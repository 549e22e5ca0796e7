/** The fields of /proc/PID/stat that matter here (Documentation/filesystems/proc.rst, table 1-4). */
export interface Stat {
  readonly pid: number;
  /** Between the first "(" and the last ")": any bytes, as latin1. */
  readonly comm: string;
  readonly state: string;
  readonly parent: number;
  /** PF_KTHREAD in field 9. */
  readonly kernelThread: boolean;
  /** Field 22, clock ticks since boot (in the reader's time namespace). */
  readonly startTicks: bigint;
}

/** Latin1 text of /proc/PID/stat; undefined when it is not one. A comm with blanks and brackets is read right. */
export const parseStat = (text: string): Stat | undefined => {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const pid = decimal(text, 0, open - 1);
  if (pid === undefined || close < open || text.charCodeAt(open - 1) !== BLANK) return undefined;
  // One pass of one expression: a census does this for every process.
  AFTER_COMM.lastIndex = close + 1;
  const fields = AFTER_COMM.exec(text);
  if (fields === null) return undefined;
  const [, state = '', parent, flags, startTicks = ''] = fields;
  return {
    pid,
    comm: text.slice(open + 1, close),
    state,
    parent: Number(parent),
    kernelThread: (Number(flags) & PF_KTHREAD) !== 0,
    startTicks: startTicks.length < 16 ? BigInt(Number(startTicks)) : BigInt(startTicks),
  };
};

/** Fields 3 state, 4 parent, 9 flags, 22 start time. */
const AFTER_COMM = / ([A-Za-z]) (\d{1,10})(?: -?\d{1,20}){4} (\d{1,10})(?: -?\d{1,20}){12} (\d{1,20})(?=[ \n]|$)/y;

/** include/linux/sched.h, since 2.6.27. */
const PF_KTHREAD = 0x200000;
const BLANK = 0x20;

/** A pid: ten digits at most. */
const decimal = (text: string, from: number, to: number): number | undefined => {
  if (to <= from || to - from > 10) return undefined;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
};
