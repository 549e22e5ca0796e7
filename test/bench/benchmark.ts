import type { Programs } from './programs.js';

/** One comparison: medians of both sides, in the same unit. */
export interface Row {
  readonly what: string;
  readonly ours: number;
  readonly theirs: number;
  /** Where it is not that of the two medians. */
  readonly ratio?: number;
  readonly unit: string;
  /** What the other side is. */
  readonly against: string;
  /** The reach: the ratio is to be at most, or at least, this; `ours`: our own number is. Left out: for scale. */
  readonly reach?: { readonly most: number } | { readonly least: number } | { readonly ours: number };
}

export interface Bench {
  /** BENCH_SHORT=1: few pairs of little work, to see that it still works. The numbers mean nothing then. */
  readonly short: boolean;
  /** Paired runs. */
  readonly pairs: number;
  readonly programs: Programs;
}

export interface Benchmark {
  readonly name: string;
  /** What is compared, and how both sides are known to have done the same work. */
  readonly says: string;
  readonly run: (bench: Bench) => Promise<readonly Row[] | NotMeasured>;
}

/** Something it needs is not on this machine. */
export interface NotMeasured {
  readonly notMeasured: string;
}

/** A side did not do its work: no number of it means anything. */
export const insist = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Error(`not the same work: ${otherwise}`);
};

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export const quantile = (numbers: readonly number[], share: number): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

/** Numbers gathered by name over the pairs. */
export const gathering = () => {
  const numbers = new Map<string, number[]>();
  return {
    add: (name: string, value: number): void => {
      const before = numbers.get(name);
      if (before === undefined) numbers.set(name, [value]);
      else before.push(value);
    },
    median: (name: string): number => median(numbers.get(name) ?? []),
    /** Median of the differences of each pair: what is common to both cancels out. */
    added: (name: string, base: string): number => {
      const bases = numbers.get(base) ?? [];
      return median((numbers.get(name) ?? []).map((value, pair) => value - (bases[pair] ?? Number.NaN)));
    },
  };
};
