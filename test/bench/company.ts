import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/**
 * What would spoil the figures: other tracers change what an untraced call costs, and load strikes one side of a pair.
 * A sentence, or undefined on a quiet machine.
 */
export const company = (): string | undefined => {
  const tracers = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && TRACERS.has(commOf(name)));
  const [load = 0] = loadavg();
  const found = [
    ...(tracers.length === 0 ? [] : [`other tracers run (pid ${tracers.join(', ')})`]),
    ...(load < 0.5 ? [] : [`the load is ${load.toFixed(1)}`]),
  ];
  return found.length === 0 ? undefined : `not a quiet machine: ${found.join('; ')}`;
};

const TRACERS = new Set(['bpftrace', 'perf', 'strace']);

const commOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return ''; // It has ended.
  }
};
