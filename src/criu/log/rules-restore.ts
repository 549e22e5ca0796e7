import { ERROR, type LogRule, ROUTINE, rule, rules, WARNING } from './rule.js';

const FAILS = 'the restore fails';
const NOWHERE = 'f'.repeat(16);

/** Why the dumped vDSO does not match this kernel's (criu/pie/parasite-vdso.c, vdso_proxify and its helpers). */
const comparisonRules: readonly LogRule[] = [
  rule(
    'image-vdso',
    'image [vdso] %x-%x [vvar] %x-%x',
    (vdso, _end, vvar) =>
      vvar === NOWHERE
        ? `the image has its vDSO at 0x${vdso} and no vvar`
        : `the image has its vDSO at 0x${vdso} and its data pages at 0x${vvar}`,
    { address: 0 },
  ),
  rule(
    'differs-vvar-size',
    'vvar size differs: %x != %x (rt)',
    'the image has another amount of vvar than this kernel (CRIU prints the sizes of the vDSO here)',
  ),
  rule('differs-size', 'size differs: %x != %x (rt)', (image, here) => {
    return `the dumped vDSO is 0x${image} bytes long, this kernel's 0x${here}`;
  }),
  rule('differs-symbol', '[%d]`%s` offset differs: %x != %x (rt)', (_index, symbol, image, here) => {
    return `${symbol} lies at 0x${image} in the dumped vDSO, at 0x${here} in this kernel's`;
  }),
  rule('differs-order', '[%s] pair has different order', 'vDSO and vvar lie the other way round than here'),
  ...rules(
    'in-place',
    ['Runtime vdso/vvar matches dumpee, remap inplace', 'Runtime vdso matches dumpee, remap inplace'],
    "the task gets this kernel's vDSO at the old address; what was written into the old one is gone",
  ),
  rule(
    'proxy',
    'Runtime vdso mismatches dumpee, generate proxy',
    "the task keeps its dumped vDSO, and the functions CRIU knows jump into this kernel's, parked at a low address",
    WARNING,
  ),
];

/**
 * What a restore adds to the boot clock for its tasks, so that it goes on where the images stopped (criu/timens.c,
 * prepare_timens; 3.14 and later).
 */
const clockRule = rule(
  'boot-clock',
  'timens: boottime %d %d',
  (seconds) => `the boot clock of the task goes on where it was dumped: ${seconds} seconds and a part are added`,
  ROUTINE,
);

/** fork_with_pid (criu/cr-restore.c, -v4): the number of a restored task as CRIU sees it, and in its pid namespace. */
const pidRule = rule(
  'restored-pid',
  'PID: real %d virt %d',
  (real, inside) => `process ${inside} of the images is process ${real} here`,
  ROUTINE,
);

/** Lines of a restore about the vDSO (criu/pie/restorer.c, parasite-vdso.c, cr-restore.c; versions 0.6 to 4.2). */
export const restoreRules: readonly LogRule[] = [
  ...comparisonRules,
  clockRule,
  pidRule,
  rule('map-native', 'Mapping native vDSO at %x', (at) => `the kernel is asked for a vDSO at 0x${at}`, { address: 0 }),
  rule('map-compat', 'Mapping compatible vDSO at %x', (at) => `the kernel is asked for a 32-bit vDSO at 0x${at}`, {
    address: 0,
  }),
  rule(
    'map-failed',
    'Failed to map vdso %d',
    (error) => `the kernel gave no vDSO (error ${error}); the place may be taken (CRIU issues 2877 and 3012): ${FAILS}`,
    ERROR,
  ),
  ...rules(
    'moved-into-place',
    ['Remap rt-%s %x -> %x', 'Remap %s %x -> %x'],
    (what, _from, to) => `${what} is moved to 0x${to}`,
    {
      address: 2,
    },
  ),
  rule('move-failed', 'Unable to remap %x -> %x%*', `the kernel refused to move a mapping: ${FAILS}`, {
    severity: 'error',
    address: 0,
  }),
  rule('log-clock', 'Using gettimeofday() on vdso at %x', (at) => `the restorer now reads its clock at 0x${at}`, {
    address: 0,
  }),
  ...rules(
    'log-clock-none',
    [
      'No rt-vdso - no fast gettimeofday()',
      'No gettimeofday() on rt-vdso',
      "Arch doesn't support gettimeofday() from vdso",
      'compat mode: using syscall for gettimeofday()',
    ],
    'the restorer reads its clock without a vDSO',
    ROUTINE,
  ),
  rule(
    'trampoline',
    'jmp: %x/%x -> %x/%x (index %d)',
    (copy, offset, runtime, to) => `the function at 0x${copy}+0x${offset} now jumps to 0x${runtime}+0x${to}`,
    { address: 0 },
  ),
  rule('trampoline', 'Puting vDSO trampoline in %s at %x', (symbol) => `${symbol} now jumps into this kernel's vDSO`, {
    address: 1,
  }),
  rule(
    'trampoline-room',
    "Can't handle small vDSO symbol %s",
    (symbol) => `${symbol} is too short for a jump: ${FAILS}`,
    ERROR,
  ),
  rule('none-in-image', 'No VVAR, no vDSO in image', 'the task had no vDSO and gets none'),
  rule(
    'vdso-missing',
    "Can't find vDSO area in image",
    `the image has vvar but no vDSO, because the process had unmapped it or CRIU did not recognise it: ${FAILS}`,
    ERROR,
  ),
  ...rules(
    'no-vdso-here',
    ["vDSO isn't provided by kernel, but exists in images", "Task had vdso, restorer doesn't"],
    `this kernel gives processes no vDSO: ${FAILS}`,
    ERROR,
  ),
  rule(
    'vvar-not-restored',
    "Can't restore vvar - continuing regardless",
    'the task gets no vvar: its vDSO will fault',
    WARNING,
  ),
  rule(
    'no-compat-map',
    'Compatible mode without vdso map support',
    `a 32-bit task needs ARCH_MAP_VDSO: ${FAILS}`,
    ERROR,
  ),
  ...rules(
    'unmap-failed',
    ['Failed to unmap dumpee vdso', 'Failed to unmap dumpee vvar'],
    `the kernel refused to unmap the dumped copy: ${FAILS}`,
    ERROR,
  ),
  rule('proxify-failed', 'Failed to proxify dumpee contents', `the jumps could not be written: ${FAILS}`, ERROR),
  rule(
    'killed',
    '%d killed by signal %d%*',
    (pid, signal) => `task ${pid} died of signal ${signal} in the restore`,
    ERROR,
  ),
  rule('restored', '%d: Restored', (pid) => `task ${pid} is restored`),
  rule('restore-ended', 'Restore finished successfully.%*', 'the restore is complete'),
  rule('restore-ended', 'Restoring FAILED.', 'the restore failed', ERROR),
];
