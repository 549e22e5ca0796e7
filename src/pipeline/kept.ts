import { changeEvidence, type Evidence } from '../model/evidence.js';

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

/**
 * Equal in everything, as far as plain data goes: values, arrays, maps and objects of them. Maps in their order. It
 * makes nothing while it looks: thousands of readings a minute are compared, and are the same.
 */
export const isAlike = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && areAlike(a, b);
  if (a instanceof Map) return b instanceof Map && haveAlike(a, b);
  if (Object.getPrototypeOf(a) !== Object.prototype || Object.getPrototypeOf(b) !== Object.prototype) return false;
  let names = 0;
  for (const name in a) {
    if (!Object.hasOwn(b, name) || !isAlike(Reflect.get(a, name), Reflect.get(b, name))) return false;
    names += 1;
  }
  for (const _ in b) names -= 1;
  return names === 0;
};

const areAlike = (a: readonly unknown[], b: readonly unknown[]): boolean => {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (!isAlike(a[at], b[at])) return false;
  return true;
};

const haveAlike = (a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean => {
  if (a.size !== b.size) return false;
  const others = b.keys();
  for (const [key, value] of a) if (!isAlike(key, others.next().value) || !isAlike(value, b.get(key))) return false;
  return true;
};
