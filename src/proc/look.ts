import type { Auxv, Unread } from '../model/evidence.js';
import type { Vma } from '../model/vma.js';
import { isError } from './door.js';
import type { ProcContext } from './host.js';
import { parseAuxv } from './parse/auxv.js';
import { parseMaps } from './parse/maps.js';
import { startsNoCode } from './parse/stat.js';
import { isUsual, linesOfInterest, settle } from './settle.js';
import type { Steps } from './steps.js';
import { STRANGE_AUXV, unreadBecause } from './unread.js';

/** maps and auxv, read once. */
export interface Layout {
  readonly vmas: readonly Vma[];
  readonly auxv: Auxv | undefined;
  readonly lines: string;
  readonly unread: readonly Unread[];
}

export type Look = () => Steps<Layout | Unread>;

/**
 * Looks at the same memory again and again: as many as eleven times in a row. What the kernel prints is parsed when it
 * is not what it printed before, byte for byte.
 */
export const looker = (memory: string, { files }: ProcContext): Look => {
  let vector: Known<Auxv | undefined> | undefined;
  let layout: Known<Layout> | undefined;
  const auxvOf = (bytes: Buffer): Auxv | undefined => {
    if (vector?.bytes.equals(bytes) !== true) vector = { bytes: Buffer.from(bytes), value: parseAuxv(bytes) };
    return vector.value;
  };
  return function* () {
    const auxvBytes = files.record(`${memory}/auxv`);
    const auxv = isError(auxvBytes) ? undefined : auxvOf(auxvBytes);
    const unread: Unread[] = [];
    if (isError(auxvBytes)) unread.push(unreadBecause('auxv', auxvBytes));
    else if (auxv === undefined && auxvBytes.length > 0) unread.push(STRANGE_AUXV);
    const bytes = yield* files.pieces(`${memory}/maps`);
    if (isError(bytes)) return unreadBecause('maps', bytes);
    if (layout !== undefined && auxv !== undefined && layout.value.auxv === auxv && layout.bytes.equals(bytes))
      return layout.value;
    const { vmas, faults } = yield* parseInSteps(bytes);
    if (faults > 0) unread.push({ what: 'maps', why: 'bad', detail: `${faults} lines are none of a kernel` });
    const value = { vmas, auxv, unread, lines: linesOfInterest(vmas, auxv) };
    layout = { bytes: Buffer.from(bytes), value };
    return value;
  };
};

interface Known<T> {
  readonly bytes: Buffer;
  readonly value: T;
}

/** All mappings, some thousand lines at a time. */
function* parseInSteps(bytes: Buffer): Steps<{ readonly vmas: readonly Vma[]; readonly faults: number }> {
  if (bytes.length <= PARSED_AT_ONCE) {
    const { vmas, faults } = parseMaps(bytes.toString('latin1'));
    return { vmas, faults: faults.length };
  }
  const all: Vma[] = [];
  let count = 0;
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, Math.min(from + PARSED_AT_ONCE, bytes.length - 1));
    const to = newline < 0 ? bytes.length : newline + 1;
    const { vmas, faults } = parseMaps(bytes.toString('latin1', from, to));
    for (const vma of vmas) all.push(vma);
    count += faults.length;
    from = to;
    yield;
  }
  return { vmas: all, faults: count };
}

const NEWLINE = 0x0a;
const PARSED_AT_ONCE = 256 * 1024;

/** A picture that several looks in a row agree on. */
export function* settledLook(look: Look): Steps<Layout | Unread> {
  let failure: Unread = { what: 'maps', why: 'torn', detail: '' };
  const settled = yield* settle(function* () {
    const layout = yield* look();
    if (!('why' in layout)) return { value: layout, lines: layout.lines, usual: isUsual(layout.vmas) };
    failure = layout;
    return undefined;
  });
  if (settled === undefined) return failure;
  if (settled.settled) return settled.value;
  return { ...failure, detail: `${settled.looks} reads in a row did not agree on where the vDSO is` };
}

/**
 * Why a picture that agrees with itself is not one of a program: undefined when it is. `memory` is the folder it was
 * read in; its stat is read again, between two looks.
 *
 * Ended: between exit_mm and exit_notify (kernel/exit.c) it has no memory any more and is not yet a zombie.
 *
 * Beginning: exec shows its new memory from exec_mmap on (fs/exec.c), with a stack and nothing else, and maps the vDSO
 * and fills the auxv much later; a busy host may stop it in between for as long as it likes. Whether a program has
 * emptied its auxv, or was not given one yet, tells start_code, which load_elf_binary (fs/binfmt_elf.c, since 2.6)
 * sets after both, and no prctl makes zero again.
 */
export const whyUnfinished = (
  { isEmpty, hasAuxv }: { readonly isEmpty: boolean; readonly hasAuxv: boolean },
  memory: string,
  { files }: ProcContext,
): Unread | undefined => {
  if (isEmpty) return ENDED;
  if (hasAuxv) return undefined;
  const stat = files.text(`${memory}/stat`);
  return !isError(stat) && startsNoCode(stat) ? BEGINNING : undefined;
};

const ENDED: Unread = { what: 'maps', why: 'gone', detail: 'it has let go of its memory' };
const BEGINNING: Unread = { what: 'maps', why: 'torn', detail: 'it is in the middle of an exec' };
