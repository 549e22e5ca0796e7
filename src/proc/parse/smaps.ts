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
 * "Word: ..." is a fault.
 */
export const parseSmaps = (text: string): ParsedSmaps => {
  const entries = new Map<bigint, SmapsEntry>();
  const vmas: Vma[] = [];
  const faults: LineFault[] = [];
  let current: Vma | undefined;
  let fields: Map<string, string> = new Map();
  const finish = (): void => {
    if (current !== undefined && fields.size > 0) entries.set(current.start, entryOf(fields));
    fields = new Map();
  };
  let number = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    number += 1;
    const line = text.slice(from, to);
    const field = FIELD.exec(line);
    if (field !== null && current !== undefined) {
      // First one wins: a kernel prints each once.
      const [, name = '', value = ''] = field;
      if (!fields.has(name)) fields.set(name, value);
    } else {
      const vma = parseMapsLine(line);
      if (vma === undefined) faults.push({ line: number, text: line.slice(0, 200) });
      else {
        finish();
        current = vma;
        vmas.push(vma);
      }
    }
    from = to + 1;
  }
  finish();
  return { entries, vmas, faults };
};

// "Rss:  4 kB", "VmFlags: rd ex", "THPeligible:    0", "ProtectionKey:  0". A header begins with a hexadecimal
// address and a dash, so it never matches.
const FIELD = /^([A-Za-z_]+):[ \t]*([^\n]*)$/s;

const entryOf = (fields: ReadonlyMap<string, string>): SmapsEntry => ({
  rss: kilobytes(fields.get('Rss')),
  anonymous: kilobytes(fields.get('Anonymous')),
  swap: kilobytes(fields.get('Swap')),
  sharedClean: kilobytes(fields.get('Shared_Clean')),
  privateClean: kilobytes(fields.get('Private_Clean')),
  privateDirty: kilobytes(fields.get('Private_Dirty')),
  flags: vmFlags(fields.get('VmFlags')),
});

const kilobytes = (text: string | undefined): number | undefined => {
  const match = text === undefined ? null : /^(\d{1,15}) kB$/.exec(text);
  return match === null ? undefined : Number(match[1]);
};

const vmFlags = (text: string | undefined): ReadonlySet<string> | undefined =>
  text === undefined ? undefined : new Set(text.split(' ').filter((word) => /^[a-z?]{2}$/.test(word)));
