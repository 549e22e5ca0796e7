import { ERROR, type LogRule, rule, rules, WARNING } from './rule.js';

const FAILS = 'the dump fails';

/** Which check CRIU chose for the task (criu/vdso.c, get_vdso_check_type). */
const checkRules: readonly LogRule[] = [
  rule('check-none', "Don't check vdso for compat task", 'a 32-bit task: CRIU believes the names'),
  rule('check-none', 'vDSO hint is reliable - omit checking', 'CRIU believes the names: here they follow a move'),
  rule('check-pfn', 'Check vdso by pfn from pagemap', 'CRIU compares first page frames with that of its own vDSO'),
  ...rules(
    'check-symtable',
    ['Pagemap is unavailable, check vdso by filling symtable', 'Pagemap is unavailable, trying a slow way'],
    'CRIU takes every code mapping that parses as a vDSO for one',
  ),
];

/** What it took for the vDSO, and what it took that away from; wordings of 0.6 to 4.2. */
const statusRules: readonly LogRule[] = [
  ...rules(
    'status-restored',
    ['Restore vDSO status by pfn/symtable at %x', 'Restore vDSO status by pfn at %x', 'Restore status by pfn at %x'],
    (at) => `CRIU's check takes the mapping at 0x${at}, which is not named [vdso], for the vDSO`,
    { severity: 'warning', address: 0 },
  ),
  ...rules(
    'status-dropped',
    ['Drop mishinted vDSO status at %x', 'Drop mishinted status at %x'],
    (at) => `CRIU takes the mapping named [vdso] at 0x${at} for something else and dumps it as plain memory`,
    { severity: 'warning', address: 0 },
  ),
  ...rules(
    'frame-hidden',
    ['Unexpected page frame number 0%*', 'Unexpected page fram number 0%*'],
    'the page is not present or its frame is hidden, so the check cannot be made',
    ERROR,
  ),
  rule('check-failed', 'Failed checking vdso by pfn', FAILS, ERROR),
];

/** A task that an earlier restore gave a proxy. */
const markRules: readonly LogRule[] = [
  ...rules(
    'mark-found',
    [
      'Found marked at %x (orig vDSO at %x VVAR at %x)',
      'Found marked at %x (proxy vDSO at %x VVAR at %x)',
      'Found marked at %x (proxy at %x)',
    ],
    (runtime, copy) =>
      `an earlier restore made a proxy: the runtime vDSO is at 0x${runtime}, the copy that jumps into it at 0x${copy}`,
    { address: 0 },
  ),
  ...rules(
    'original-vdso',
    ['Restore orig vDSO status at %x', 'Restore proxy vDSO status at %x', 'Restore proxy status at %x'],
    (at) => `the copy at 0x${at} is given back the status of the vDSO`,
    { address: 0 },
  ),
  ...rules(
    'original-vvar',
    ['Restore orig VVAR status at %x', 'Restore proxy VVAR status at %x'],
    (at) => `the old data pages at 0x${at} are given back the status of vvar`,
    { address: 0 },
  ),
  ...rules(
    'runtime-dropped',
    ['Dropping marked vdso at %x', 'Droppping marked vdso at %x'],
    (at) => `the runtime vDSO at 0x${at} is left out of the image`,
    { address: 0 },
  ),
  ...rules(
    'runtime-vvar-dropped',
    ['Dropping marked vvar at %x', 'Droppping marked vvar at %x'],
    (at) => `the runtime data pages at 0x${at} are left out of the image`,
    { address: 0 },
  ),
  rule(
    'mark-odd',
    "Mark in rt-vdso points to vma, that doesn't look like vvar - skipping unmap",
    'the mark names memory that is no vvar; it is dumped as plain memory',
    WARNING,
  ),
  rule(
    'mark-twice',
    'Ow! Second vdso mark detected!',
    `two code mappings begin with CRIU's mark, one of them forged or stale: ${FAILS}`,
    ERROR,
  ),
  rule('mark-version', 'Mark version mismatch!', 'the mark is of another version of CRIU', ERROR),
  rule(
    'mark-unreadable',
    'Parasite failed to poke for mark',
    `the parasite could not look at a code mapping: ${FAILS}`,
    ERROR,
  ),
  rule('fixup-failed', "Can't fixup vdso VMAs (pid: %d)", FAILS, ERROR),
  rule(
    'parasite-died',
    '%d was stopped by %d unexpectedly',
    (_pid, signal) =>
      signal === '11'
        ? 'the parasite took SIGSEGV (a mark of CRIU 0.6 to 3.4 in a page it may not write, or a page it may not read): the dump fails and the task dies with it'
        : `the parasite took signal ${signal}: the dump fails and the task may die with it`,
    ERROR,
  ),
];

/** Lines of a dump about the vDSO (criu/vdso.c, proc_parse.c, parasite-syscall.c, cr-dump.c). */
export const dumpRules: readonly LogRule[] = [
  ...checkRules,
  ...statusRules,
  ...markRules,
  rule(
    'vvar-apart',
    'two nonconsecutive vvar vma-s: %x-%x %x-%x',
    `[vvar] and [vvar_vclock] follow each other with a hole between: ${FAILS}`,
    { severity: 'error', address: 0 },
  ),
  rule('unsupported-mapping', 'Unsupported mapping found %x-%x', `a mapping CRIU cannot dump: ${FAILS}`, {
    severity: 'error',
    address: 0,
  }),
  rule(
    'uprobes',
    'PID %d has uprobes vma%*',
    `a tracer left a [uprobes] mapping behind: without --allow-uprobes ${FAILS}`,
    ERROR,
  ),
  rule('uprobes-skipped', 'Skipping uprobes vma %x-%x', 'a mapping that a tracer left behind is not dumped', {
    severity: 'warning',
    address: 0,
  }),
  ...rules(
    'shared-with-another',
    ["Can't make VM id for %d", "Can't make FS id for %d", "Can't make SIGHAND id for %d"],
    (pid) => `process ${pid} shares what CRIU gives to one process alone (clone with CLONE_VM and the like): ${FAILS}`,
    ERROR,
  ),
  ...rules(
    'no-vdso-support',
    ['Found VVAR area without support', 'Found vDSO area without support', 'Unexpected VDSO check command'],
    'this CRIU was built without support for the vDSO',
    ERROR,
  ),
  rule('poke-at', 'Parasite syscall_ip at %x', (at) => `the parasite makes its system calls from 0x${at}`, {
    routine: true,
    address: 0,
  }),
  rule('dump-ended', 'Dumping finished successfully', 'the dump is complete'),
  rule('dump-ended', 'Pre-dumping finished successfully', 'the pre-dump is complete; it holds memory only'),
  rule('dump-ended', 'Dumping FAILED.', 'the dump failed', ERROR),
  rule(
    'post-dump-veto',
    'Post dump script passed with %d',
    'the post-dump script refused the image: the tasks go on, although the images are complete',
    WARNING,
  ),
];
