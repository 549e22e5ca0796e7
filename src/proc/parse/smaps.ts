import type { SmapsEntry } from '../../model/evidence.js';
import type { Vma } from '../../model/vma.js';
import { type LineFault, parseMapsLine } from './maps.js';

export interface ParsedSmaps {
  /** By start address; a mapping whose header stands alone has no entry: nothing is known of it. */
  readonly entries: ReadonlyMap<bigint, SmapsEntry>;
  /** The header lines: the same facts as /proc/PID/maps, at the moment smaps was read. */
  readonly vmas: readonly Vma[];
  readonly faults: readonly LineFault[];
}

/**
 * /proc/PID/smaps as latin1 text. Lines that later kernels add are skipped; a line that is neither a header nor
 * "Word: ..." is a fault. Of some twenty lines a mapping six are wanted: none is cut out before it is known to be one.
 */
export const parseSmaps = (text: string): ParsedSmaps => {
  const entries = new Map<bigint, SmapsEntry>();
  const vmas: Vma[] = [];
  const faults: LineFault[] = [];
  let current: Vma | undefined;
  let entry: Entry | undefined;
  let number = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    number += 1;
    const colon = endOfWord(text, from, to);
    if (current !== undefined && colon > from && text.charCodeAt(colon) === COLON) {
      if (entry === undefined) {
        entry = { ...UNKNOWN };
        entries.set(current.start, entry);
      }
      takeField(entry, text, from, colon, to);
    } else {
      const vma = parseMapsLine(text, from, to);
      if (vma === undefined) faults.push({ line: number, text: text.slice(from, Math.min(to, from + 200)) });
      else {
        current = vma;
        entry = undefined;
        vmas.push(vma);
      }
    }
    from = to + 1;
  }
  return { entries, vmas, faults };
};

type Entry = { -readonly [Key in keyof SmapsEntry]: SmapsEntry[Key] };

const UNKNOWN: SmapsEntry = {
  rss: undefined,
  anonymous: undefined,
  swap: undefined,
  sharedClean: undefined,
  privateClean: undefined,
  privateDirty: undefined,
  flags: undefined,
};

const SIZES = [
  ['Rss', 'rss'],
  ['Anonymous', 'anonymous'],
  ['Swap', 'swap'],
  ['Shared_Clean', 'sharedClean'],
  ['Private_Clean', 'privateClean'],
  ['Private_Dirty', 'privateDirty'],
] as const;
const FLAGS = 'VmFlags';

/** "Rss:  4 kB", "VmFlags: rd ex", "THPeligible:    0", "ProtectionKey:  0". A kernel prints each once. */
const takeField = (entry: Entry, text: string, from: number, colon: number, to: number): void => {
  let valueAt = colon + 1;
  while (valueAt < to && isBlank(text.charCodeAt(valueAt))) valueAt += 1;
  if (is(text, from, colon, FLAGS)) entry.flags ??= vmFlags(text.slice(valueAt, to));
  else for (const [name, key] of SIZES) if (is(text, from, colon, name)) entry[key] ??= kilobytes(text, valueAt, to);
};

const is = (text: string, from: number, to: number, name: string): boolean =>
  to - from === name.length && text.startsWith(name, from);

/** "4 kB", and nothing else. */
const kilobytes = (text: string, from: number, to: number): number | undefined => {
  const digits = to - from - UNIT.length;
  if (digits < 1 || digits > 15 || !text.startsWith(UNIT, from + digits)) return undefined;
  let value = 0;
  for (let at = from; at < from + digits; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
};

/** Most mappings of most processes have one of a few sets: they are there once. */
const vmFlags = (text: string): ReadonlySet<string> => {
  const known = flagSets.get(text);
  if (known !== undefined) return known;
  const flags = new Set(text.split(' ').filter((word) => /^[a-z?]{2}$/.test(word)));
  if (flagSets.size >= MOST_SETS) flagSets.clear();
  flagSets.set(text, flags);
  return flags;
};

const flagSets = new Map<string, ReadonlySet<string>>();
const MOST_SETS = 256;

/** The end of the letters there: a header begins with a hexadecimal address and a dash, so it has no colon after them. */
const endOfWord = (text: string, from: number, to: number): number => {
  let at = from;
  while (at < to && isLetter(text.charCodeAt(at))) at += 1;
  return at;
};

const isLetter = (code: number): boolean =>
  (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === UNDERSCORE;
const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

const COLON = 0x3a;
const UNDERSCORE = 0x5f;
const ZERO = 0x30;
const UNIT = ' kB';
