import type { Evidence } from '../model/evidence.js';
import { changeEvidence } from './evidence-copy.js';

/**
 * Nearly every reading of a sweep says what the one before said. What is the same stays the same object: then ten
 * thousand processes that sleep stay where they are in memory, and what was read anew dies young.
 */
export const kept = <T>(before: T | undefined, now: T): T =>
  before !== undefined && isAlike(before, now) ? before : now;

/** The newer evidence, with what its predecessor has too. */
export const keptEvidence = (before: Evidence | undefined, now: Evidence): Evidence =>
  before === undefined
    ? now
    : changeEvidence(now, {
        process: kept(before.process, now.process),
        vmas: kept(before.vmas, now.vmas),
        auxv: kept(before.auxv, now.auxv),
        unread: kept(before.unread, now.unread),
      });

/** Equal in everything, as far as plain data goes: values, arrays, maps and objects of them. Maps in their order. */
export const isAlike = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, at) => isAlike(one, b[at]));
  if (a instanceof Map) return b instanceof Map && a.size === b.size && isAlike([...a], [...b]);
  if (Object.getPrototypeOf(a) !== Object.prototype || Object.getPrototypeOf(b) !== Object.prototype) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isAlike(Reflect.get(a, name), Reflect.get(b, name)))
  );
};
