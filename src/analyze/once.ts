import { statSync } from 'node:fs';
import { recognise } from './recognise.js';

/** A path that names what another one names too, or a file of a rotated recording that is given whole. */
export interface Repeated {
  readonly path: string;
  readonly of: string;
  readonly why: 'same' | 'part';
}

/** What is given twice, by whatever path, would tell everything twice: one path for each input, in their order. */
export const once = async (
  paths: readonly string[],
): Promise<{ readonly paths: readonly string[]; readonly repeated: readonly Repeated[] }> => {
  const first = new Map<string, string>();
  const repeated: Repeated[] = [];
  for (const path of paths) {
    const of = first.get(identity(path));
    if (of === undefined) first.set(identity(path), path);
    else repeated.push({ path, of, why: 'same' });
  }
  if (first.size > 1)
    for (const of of [...first.values()])
      for (const part of await otherFilesOf(of)) {
        const path = first.get(identity(part));
        if (path !== undefined && first.delete(identity(part))) repeated.push({ path, of, why: 'part' });
      }
  return { paths: [...first.values()], repeated };
};

/** Whether two paths name one file or directory. */
export const areOne = (one: string, other: string): boolean => identity(one) === identity(other);

const identity = (path: string): string => {
  try {
    const { dev, ino } = statSync(path === '-' ? '/dev/stdin' : path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // Whoever opens it says so.
    return path;
  }
};

/** Of a rotated recording those that are read along with it. */
const otherFilesOf = async (path: string): Promise<readonly string[]> => {
  const input = recognise(path);
  if (!input.ok || input.value.kind !== 'recording') return [];
  const { partsOf } = await import('../trace/parts.js');
  return (await partsOf(path)).filter((part) => part !== path);
};
