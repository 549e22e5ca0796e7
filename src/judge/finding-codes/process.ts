import { code, type FindingCode } from './code.js';

/** Codes of what one process shows, what CRIU's checks make of it, and what a dump and restore would. */
export const PROCESS_FINDING_CODES = {
  'vdso-moved': code('info', 'The vDSO is not where exec put it.', 'Nothing, as long as its vvar moved along.'),
  'vvar-detached': code(
    'error',
    'The vvar pages do not lie where the code of the vDSO reads them; a call into it crashes or gives wrong time.',
    'Move vvar, vvar_vclock and vdso together, at their old distance.',
  ),
  'vdso-unmapped': code(
    'warning',
    'The process was given a vDSO and has none now; auxv still names the place.',
    'Expected under Valgrind, gVisor, User-Mode Linux; else find who unmapped it.',
  ),
  'vdso-absent': code(
    'info',
    'The process has no vDSO and was never given one.',
    'Nothing: vdso=0, or no image for this ABI.',
  ),
  'vvar-orphaned': code(
    'warning',
    'The vvar mappings are there, the vDSO they belong to is not.',
    'Unmap [vvar] and [vvar_vclock] too before a dump; CRIU cannot restore them alone.',
  ),
  'hint-lost': code(
    'warning',
    'The vDSO has no name in maps; a reader of names misses it.',
    'Go by page or content on this kernel (before 3.16), not by name.',
  ),
  'hint-gained': code(
    'warning',
    'Memory that is not the vDSO is named [vdso].',
    'Go by page or content on this kernel (before 3.16), not by name.',
  ),
  'page-modified': code(
    'warning',
    'Pages of the vDSO are private copies: something wrote to them.',
    "A debugger, a hook, or CRIU did; an in-place restore puts the kernel's pages back.",
  ),
  'vdso-writable': code('warning', 'The vDSO can be written.', 'Make it r-x again (mprotect).'),
  'vdso-not-executable': code(
    'warning',
    'The vDSO cannot be read and executed, so calls crash and CRIU sees no vDSO.',
    'Make it r-x again (mprotect) before a dump.',
  ),
  'vdso-sealed': code('info', 'The vDSO is sealed (mseal): it cannot be moved, unmapped or protected.', 'Nothing.'),
  'vdso-split': code('info', 'The vDSO is in several mappings.', 'Possible before 5.11; nothing to do.'),
  'vdso-partial': code(
    'warning',
    'Part of the vDSO is gone.',
    'Calls into the missing part crash; restart the program.',
  ),
  'foreign-image': code(
    'info',
    'The vDSO is of another ABI than the process (ARCH_MAP_VDSO_32).',
    'CRIU cannot restore it.',
  ),
  'container-vdso': code(
    'info',
    "The vDSO pages are not the host's own: this container has its own copy (Virtuozzo).",
    'Normal there; CRIU before 3.5 takes it for no vDSO.',
  ),
  'auxv-mismatch': code(
    'info',
    'auxv names another place than the vDSO has, and it does not look moved.',
    'auxv was forged or restored (PR_SET_MM_MAP); programs that start now may call the wrong place.',
  ),
  'decoy-at-auxv': code(
    'warning',
    'Memory that is not the vDSO lies where auxv says the vDSO is.',
    'A reader of auxv takes it for the vDSO; go by page or name.',
  ),
  'elf-copy': code('info', 'A copy of a vDSO image in ordinary memory.', 'A check by content takes it for the vDSO.'),
  'name-spoofed': code(
    'info',
    'A file or other name contains "[vdso]".',
    'Compare the whole name, with inode and device 0.',
  ),
  'criu-proxied': code(
    'info',
    'A CRIU restore made a proxy: the program calls its dumped vDSO, which jumps into the runtime one.',
    'On x86 clock_getres is not proxied and answers from stale data; getrandom falls back to the system call.',
  ),
  'proxy-merged': code(
    'error',
    'The proxy grew together with a neighbouring mapping, so its start is not what the mark says.',
    'A second dump makes an image that cannot be restored; keep other memory away from it.',
  ),
  'mark-forged': code(
    'error',
    'Memory that is not the vDSO begins with a CRIU mark.',
    'CRIU leaves it out of the dump (V3), or the dump kills the process (V1, V2); do not let data begin so.',
  ),
  'uprobes-left': code(
    'warning',
    'A [uprobes] mapping was left by a tracer; it stays until exec.',
    'Dump with --allow-uprobes (CRIU 4.2), or restart the program.',
  ),
  'torn-read': code('warning', 'maps was read while it changed: it shows more than one vDSO.', 'Read again.'),
  'vdso-unclear': code(
    'warning',
    'The evidence does not tell which mapping is the vDSO.',
    'Capture pagemap as root, smaps, and the bytes.',
  ),
  'hint-policy-wrong': code(
    'info',
    "CRIU's check by name (3.5 and later) is wrong about this process.",
    'See the forecast.',
  ),
  'pfn-policy-wrong': code(
    'info',
    "CRIU's check by page frame is wrong about this process.",
    'Use CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
  'symtable-policy-wrong': code(
    'info',
    "CRIU's check by symbol table is wrong about this process.",
    'Use CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
  'crash-in-vanished-vdso': code(
    'error',
    'The program jumped to where its vDSO once was.',
    'Do not unmap or move the vDSO of a program that has resolved its functions.',
  ),
  'crash-in-detached-vvar': code('error', 'vDSO code read its data where vvar is not.', 'See vvar-detached.'),
  'crash-in-vdso': code('error', 'The program crashed inside the vDSO.', 'Look for copied pages and a moved vvar.'),
  'criu-cannot-run': code(
    'error',
    'This CRIU does not work on this kernel at all.',
    'Use CRIU 4.1 or later, on s390x another than 4.2.',
  ),
  'criu-unknown': code(
    'info',
    'No facts about this CRIU version or kernel.',
    'Forecasts cover CRIU 2.0 and later, kernels 3.10 and later.',
  ),
  'dump-fails': code('error', 'CRIU refuses to dump the process; it lives on.', 'See the finding that causes it.'),
  'dump-kills': code('error', 'The dump fails and the process dies.', 'Do not dump it.'),
  'restore-none': code('info', 'There is no vDSO to restore.', 'Nothing.'),
  'restore-in-place': code('info', "The kernel's vDSO is put back in the same place.", 'Nothing.'),
  'restore-proxy': code(
    'warning',
    'The restore keeps the dumped vDSO and makes it jump into a new one.',
    'Works; on x86 clock_getres answers from stale data until the next restore in place.',
  ),
  'restore-fails': code('error', 'The dump works, the restore does not.', 'Do not rely on this image.'),
  'restore-crashes': code('error', 'The restore dies, or the restored task does.', 'Do not rely on this image.'),
  'loses-content': code(
    'warning',
    'What was written to the vDSO is gone after the restore, without a word.',
    'Write it again.',
  ),
  'loses-permissions': code('warning', 'The vDSO is r-x after the restore, whatever it was.', 'Set them again.'),
  'loses-memory': code('error', 'Memory of the program is left out of the dump, without a word.', 'Do not dump it so.'),
} as const satisfies Record<string, FindingCode>;
