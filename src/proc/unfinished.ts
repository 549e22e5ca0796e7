import type { Unread } from '../model/evidence.js';
import { isError } from './door.js';
import type { ProcContext } from './host.js';
import { startsNoCode } from './parse/stat.js';

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
