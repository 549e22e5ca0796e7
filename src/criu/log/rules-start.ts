import { ERROR, type LogRule, ROUTINE, rule, rules, WARNING } from './rule.js';

/**
 * What CRIU prints about the vDSO of its own kernel when it starts (criu/vdso.c, kerndat.c, pie/util-vdso.c; versions
 * 0.6 to 4.2), the same for dump and restore.
 */
export const startRules: readonly LogRule[] = [
  rule('runtime-vdso', 'rt [vdso] %x-%x [vvar] %x-%x', (vdso, _end, vvar) => {
    return `CRIU's own vDSO is at 0x${vdso}, its data pages begin at 0x${vvar} ([vvar_vclock] included)`;
  }),
  rule(
    'runtime-compat-vdso',
    'compat [vdso] %x-%x [vvar] %x-%x',
    'the 32-bit vDSO of this kernel was read in a helper',
  ),
  rule('parsing', 'Parsing at %x %x', (start) => `reads the vDSO image at 0x${start}`, { routine: true, address: 0 }),
  ...rules(
    'elf',
    [
      'PT_LOAD p_vaddr:%*',
      'DT_HASH:%*',
      'DT_GNU_HASH:%*',
      'DT_STRTAB:%*',
      'DT_SYMTAB:%*',
      'DT_STRSZ:%*',
      'DT_SYMENT:%*',
      'nbucket %*',
    ],
    'reads the vDSO image',
    ROUTINE,
  ),
  rule(
    'symbol',
    'symbol %s at address %x',
    (name, offset) => (offset === '0' ? `${name} is not in the image` : `${name} lies at offset 0x${offset}`),
    ROUTINE,
  ),
  rule('symbol', 'symbol: %*', 'one symbol of the vDSO (CRIU before 1.3)', ROUTINE),
  ...rules(
    'not-a-vdso',
    [
      'Invalid ELF magic',
      'ELF header magic mismatch',
      'Elf header magic mismatch',
      'Unsupported ELF %*',
      'Unsupported OSABI version%*',
      'Corrupted Elf %*',
      'Second PT_%*',
      'One of obligated program headers is missed',
      'Not all dynamic entries are present',
    ],
    'the bytes do not parse as a vDSO: normal where CRIU tries every code mapping, fatal for its own vDSO',
    WARNING,
  ),
  rule(
    'layout-unknown',
    'Unexpected rt vDSO area bounds',
    'vvar and vDSO of CRIU itself are not neighbours: a CRIU before 4.1 on Linux 6.13 or later, which puts [vvar_vclock] between them; use CRIU 4.1 or later',
    ERROR,
  ),
  ...rules(
    'own-vdso',
    [
      "Can't find rt vDSO",
      'Got second vDSO entry',
      'Got second VVAR entry',
      'VVAR and VVAR_VCLOCK entries are not subsequent',
      "Can't find vDSO/VVAR bounds",
      "Can't find vDSO bounds",
      'Failed reading self/maps for filling vdso/vvar bounds',
      'Failed to fill self vdso symtable',
      'Faied to parse vdso',
      'kerndat_vdso_fill_symtable failed%*',
    ],
    'CRIU could not make sense of its own vDSO and gives up',
    ERROR,
  ),
  rule(
    'kdat-stale',
    'Kdat sizes of vdso/vvar differ to maps file',
    "CRIU's cached facts (criu.kdat) are of another kernel: remove that file",
    ERROR,
  ),
  ...rules(
    'no-vdso-here',
    ["Kernel doesn't premap vDSO%*", 'Kdat has empty vdso symtable%*'],
    'this kernel gives processes no vDSO (booted with vdso=0, or built without)',
  ),
  rule(
    'detection-off',
    'VDSO detection turned off',
    'page frame numbers cannot be read, so CRIU will not compare them',
  ),
  ...rules(
    'compat-helper',
    [
      'Compat vdso helper exited with %d',
      "Compat vdso helper isn't stopped",
      "Compat vDSO helper didn't exit, status: %d",
      'Helper for mmaping compat vdso failed with %d',
      'Failed to mmap compatible vdso with helper process',
      'Failed to mmap buf for compat vdso',
      'Failed to unmap buf for compat vdso',
      'Failed to parse mmap%*',
      'Failed to kill(SIGCONT) for compat vdso helper',
      'Failed to fill compat vdso symtable',
      'Error: ARCH_MAP_VDSO failed%*',
      'Error: Failed to unmap native vdso/vvar%*',
    ],
    (status) => {
      const fault = status === '139' ? ' of SIGSEGV, as in CRIU issue 290' : '';
      return `the helper that reads the 32-bit vDSO of this kernel failed${fault}; CRIU gives up`;
    },
    ERROR,
  ),
  rule(
    'compat-buffer',
    "Error: Compatible vdso's size is bigger than reserved buf%*",
    'the 32-bit vDSO is larger than CRIU before 3.18 expects (CRIU issue 1916): use CRIU 3.18 or later',
    ERROR,
  ),
  rule(
    'hint-test',
    'Child unexpectedly exited with %d',
    (code) => `the name test could not ${code === '2' ? 'move a vDSO: the kernel seals it' : 'map memory'}`,
    ERROR,
  ),
  ...rules(
    'hint-test',
    [
      'Child unexpectedly signaled with %d%*',
      'Child is unstoppable or was stopped by other means',
      'Failed parsing maps for child helper',
      'kerndat_vdso_preserves_hint failed%*',
    ],
    'the test whether the name [vdso] follows a move failed',
    ERROR,
  ),
  rule(
    'map-api-test',
    'kdat_can_map_vdso failed',
    'CRIU could not test whether the kernel maps a vDSO on demand',
    ERROR,
  ),
  rule(
    'no-map-api',
    'Do not have API to map vDSO%*',
    'a restore will move its own vDSO into place instead of asking the kernel for one',
    WARNING,
  ),
  rule('pagemap', 'Pagemap is fully functional', 'page frame numbers can be read'),
  rule('pagemap', 'Pagemap provides flags only', 'page frame numbers are hidden from CRIU'),
  rule('pagemap', 'Pagemap disabled%*', 'CRIU may not read pagemap at all'),
  rule('kdat-cache', 'Loaded kdat cache from %*', 'the facts about this kernel come from a cache', ROUTINE),
  rule('kdat-cache', 'Stale %*', 'the cached facts are of another build of CRIU and are measured afresh', ROUTINE),
  rule('kdat-cache', "Can't keep kdat cache on non-tempfs", 'the facts are measured at every start', ROUTINE),
  rule(
    'mremap-check',
    'Your kernel probably lacks the support for mremapping special mappings',
    'moving a vDSO breaks signal return on this kernel (arm and arm64 before 4.14, CRIU issue 288)',
    ERROR,
  ),
];
