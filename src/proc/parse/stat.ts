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
  /** Field 23, bytes; 0 for kernel threads and zombies. */
  readonly virtualSize: bigint;
}

/** Latin1 text of /proc/PID/stat; undefined when it is not one. A comm with blanks and brackets is read right. */
export const parseStat = (text: string): Stat | undefined => {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 2 || close < open) return undefined;
  const pid = /^(\d{1,10}) $/.exec(text.slice(0, open))?.[1];
  const rest = text
    .slice(close + 2)
    .trimEnd()
    .split(' ');
  const [state = '', parent = '', , , , , flags = ''] = rest;
  const startTicks = rest[19] ?? '';
  const virtualSize = rest[20] ?? '0';
  if (pid === undefined || !/^[A-Za-z]$/.test(state) || !/^\d{1,10}$/.test(parent)) return undefined;
  if (!/^\d{1,10}$/.test(flags) || !/^\d{1,20}$/.test(startTicks) || !/^\d{1,20}$/.test(virtualSize)) return undefined;
  return {
    pid: Number(pid),
    comm: text.slice(open + 1, close),
    state,
    parent: Number(parent),
    kernelThread: (BigInt(flags) & PF_KTHREAD) !== 0n,
    startTicks: BigInt(startTicks),
    virtualSize: BigInt(virtualSize),
  };
};

/** include/linux/sched.h, since 2.6.27. */
const PF_KTHREAD = 0x200000n;
