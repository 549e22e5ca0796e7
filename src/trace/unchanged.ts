/** A reading of a process that shows what an earlier one, snapshot `id`, has shown. */
export interface Reading {
  readonly pid: number;
  readonly id: number;
  readonly startedAt: bigint;
  readonly takenAt: bigint | undefined;
}

export interface Unchanged {
  /** Characters gathered so far. */
  readonly length: () => number;
  /** False: its times do not fit the short form. */
  readonly add: (reading: Reading) => boolean;
  /** The line of what was added since, with its end; "" when there is nothing. */
  readonly flush: () => string;
}

/**
 * Gathers readings that follow each other into one `unchanged` line. A sweep finds nearly every process as it was:
 * these are some twenty characters each instead of a thousand.
 */
export const openUnchanged = (): Unchanged => {
  let base = 0n;
  let readings: string[] = [];
  let length = 0;
  return {
    length: () => length,
    add: ({ pid, id, startedAt, takenAt }) => {
      if (readings.length === 0) base = startedAt;
      const after = difference(startedAt, base);
      const taken = takenAt === undefined ? null : difference(takenAt, startedAt);
      if (after === undefined || taken === undefined) return false;
      const text = `[${pid},${id},${after},${taken}]`;
      readings.push(text);
      length += text.length + 1;
      return true;
    },
    flush: () => {
      if (readings.length === 0) return '';
      const line = `{"record":"unchanged","at":"${base}","readings":[${readings.join(',')}]}\n`;
      readings = [];
      length = 0;
      return line;
    },
  };
};

const difference = (one: bigint, other: bigint): number | undefined => {
  const value = Number(one - other);
  return Number.isSafeInteger(value) ? value : undefined;
};
