import type { Vma } from '../../model/vma.js';

/** What the text of one /proc file gave, and the lines no kernel prints. Line numbers start at 1. */
export interface ParsedMaps {
  /** In the order of the text. */
  readonly vmas: readonly Vma[];
  readonly faults: readonly LineFault[];
}

export interface LineFault {
  readonly line: number;
  /** The line itself, cut to 200 characters: hostile. */
  readonly text: string;
}

/**
 * /proc/PID/maps as latin1 text (one char per byte) to mappings. A last line without a newline is kept when it is
 * whole in every fixed column: the kernel ends each line with one, a copy may not.
 *
 * Format of show_map_vma (fs/proc/task_mmu.c, unchanged since 2.6): `start-end rwxp offset major:minor inode name`.
 * The name column is everything after the padding; the kernel escapes only '\n' in it (as \012), so blanks, tabs,
 * '\r' and all other bytes stay.
 */
export const parseMaps = (text: string): ParsedMaps => {
  const vmas: Vma[] = [];
  const faults: LineFault[] = [];
  let number = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    number += 1;
    const vma = parseMapsLine(text, from, to);
    if (vma !== undefined) vmas.push(vma);
    else faults.push({ line: number, text: text.slice(from, Math.min(to, from + 200)) });
    from = to + 1;
  }
  return { vmas, faults };
};

/** One line, `text[from..to)` without its newline; undefined when it is not a mapping line. */
export const parseMapsLine = (text: string, from = 0, to = text.length): Vma | undefined => {
  const dash = endOfHex(text, from, to);
  if (dash === from || text.charCodeAt(dash) !== DASH) return undefined;
  const afterEnd = endOfHex(text, dash + 1, to);
  if (afterEnd === dash + 1 || text.charCodeAt(afterEnd) !== BLANK) return undefined;
  const flags = afterEnd + 1;
  if (to - flags < 5 || text.charCodeAt(flags + 4) !== BLANK) return undefined;
  const offsetAt = flags + 5;
  const afterOffset = endOfHex(text, offsetAt, to);
  if (afterOffset === offsetAt || text.charCodeAt(afterOffset) !== BLANK) return undefined;
  const deviceAt = afterOffset + 1;
  const colon = endOfHex(text, deviceAt, to);
  if (colon === deviceAt || text.charCodeAt(colon) !== COLON) return undefined;
  const afterDevice = endOfHex(text, colon + 1, to);
  if (afterDevice === colon + 1 || text.charCodeAt(afterDevice) !== BLANK) return undefined;
  const inodeAt = afterDevice + 1;
  let afterInode = inodeAt;
  while (afterInode < to && isDigit(text.charCodeAt(afterInode))) afterInode += 1;
  if (afterInode === inodeAt || (afterInode < to && text.charCodeAt(afterInode) !== BLANK)) return undefined;

  const read = text[flags];
  const write = text[flags + 1];
  const execute = text[flags + 2];
  const shared = text[flags + 3];
  if (read !== 'r' && read !== '-') return undefined;
  if (write !== 'w' && write !== '-') return undefined;
  if (execute !== 'x' && execute !== '-') return undefined;
  if (shared !== 's' && shared !== 'p') return undefined;

  const start = hexAt(text, from, dash);
  const end = hexAt(text, dash + 1, afterEnd);
  const offset = hexAt(text, offsetAt, afterOffset);
  if (start === undefined || end === undefined || offset === undefined || end <= start) return undefined;
  // Inode numbers are unsigned long: 20 digits at most.
  if (afterInode - inodeAt > 20) return undefined;

  let nameAt = afterInode;
  while (nameAt < to && text.charCodeAt(nameAt) === BLANK) nameAt += 1;
  return {
    start,
    end,
    read: read === 'r',
    write: write === 'w',
    execute: execute === 'x',
    shared: shared === 's',
    offset,
    device: text.slice(deviceAt, afterDevice),
    inode:
      afterInode - inodeAt === 1 && text.charCodeAt(inodeAt) === ZERO ? 0n : BigInt(text.slice(inodeAt, afterInode)),
    name: text.slice(nameAt, to),
  };
};

const DASH = 0x2d;
const BLANK = 0x20;
const COLON = 0x3a;
const ZERO = 0x30;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isHex = (code: number): boolean => isDigit(code) || (code >= 0x61 && code <= 0x66);

const endOfHex = (text: string, from: number, to: number): number => {
  let at = from;
  while (at < to && isHex(text.charCodeAt(at))) at += 1;
  return at;
};

/** Lower-case hexadecimal of at most 16 digits; a plain number while it is exact, because BigInt("0x...") is slow. */
const hexAt = (text: string, from: number, to: number): bigint | undefined => {
  if (to - from > 16) return undefined;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    value = value * 16 + (code <= 0x39 ? code - 0x30 : code - 0x57);
  }
  return value <= Number.MAX_SAFE_INTEGER ? BigInt(value) : BigInt(`0x${text.slice(from, to)}`);
};
