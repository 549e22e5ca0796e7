import type { Host } from './host.js';

/**
 * Types that event formats name. A bpftrace up to 0.23 that cannot read BTF (kernel without, or no CAP_SYS_ADMIN) has
 * them from nowhere else; to all others these lines are nothing (tried on 0.17, 0.23, 0.27).
 */
export const FORMAT_TYPES = [
  '#define pid_t int',
  '#define size_t unsigned long',
  '#define s64 long',
  '#define u64 unsigned long',
];

/** How far around a vDSO its block reaches here. */
export const windowDefines = ({ window }: Host): ReadonlyMap<string, string> =>
  window === undefined
    ? new Map()
    : new Map([
        ['VVAR', `0x${window.below.toString(16)}`],
        ['VDSO', `0x${window.above.toString(16)}`],
      ]);

/** The queues in which the lives of processes wait. */
export const queueDefines = ({ queues }: Host): ReadonlyMap<string, string> =>
  queues === undefined
    ? new Map()
    : new Map([
        ['CPUS', String(queues.cpus)],
        ['DEEP', String(queues.deep)],
      ]);

/** Those of `defines` that the probes name, and that these name in turn, in their order, as lines. */
export const definesUsed = (bodies: readonly string[], defines: ReadonlyMap<string, string>): readonly string[] => {
  const used = new Set<string>();
  const look = (text: string): void => {
    for (const name of text.match(NAME) ?? []) {
      const value = defines.get(name);
      if (value === undefined || used.has(name)) continue;
      used.add(name);
      look(value);
    }
  };
  for (const body of bodies) look(body);
  return [...defines].flatMap(([name, value]) => (used.has(name) ? [`#define ${name} ${value}`] : []));
};

const NAME = /\b[A-Z][A-Z_0-9]+\b/g;
