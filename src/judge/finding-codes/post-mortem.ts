import { code, type FindingCode } from './code.js';

/** Codes of what CRIU images, logs and several sources together tell; part of the one list in judge/finding-codes.ts. */
export const POST_MORTEM_FINDING_CODES = {
  'image-without-vdso': code(
    'error',
    'The image holds vvar and no vDSO; no CRIU restores it, on any kernel.',
    'Dump again with both of them mapped, or with neither.',
  ),
  'image-without-vvar': code(
    'error',
    'The image holds a vDSO and no vvar; the restorer calls the vDSO and dies.',
    'Dump again with both of them mapped, or with neither.',
  ),
  'image-with-several-vdsos': code(
    'warning',
    'CRIU took several mappings for the vDSO; a restore replaces the last one.',
    'See which one is genuine; use CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
  'image-with-several-vvars': code(
    'warning',
    'vvar is in several pieces; a restore looks at the last one alone and makes a proxy.',
    'See restore-proxy.',
  ),
  'image-mishinted': code(
    'error',
    'CRIU did not take the genuine vDSO for one: it is in the image as plain memory.',
    'Dump again with CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
  'image-took-decoy': code(
    'error',
    'CRIU took other memory for the vDSO; a restore puts a vDSO in its place.',
    'Dump again with CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
  'image-auxv-elsewhere': code('info', 'The saved AT_SYSINFO_EHDR names another place than the vDSO.', 'Nothing.'),
  'image-stopped-in-vdso': code(
    'info',
    'A thread stopped inside the vDSO; a restore in place on another kernel puts other code under it.',
    'Restore it on a kernel of the same build.',
  ),
  'image-stopped-outside': code(
    'error',
    'A thread stopped where the image has no mapping; it dies once restored.',
    'Dump again while no thread waits inside a runtime vDSO.',
  ),
  'image-vdso-pages-missing': code('warning', 'Pages of the vDSO are not in the image.', 'Copy the images again.'),
  'image-vdso-unreadable': code(
    'error',
    'The bytes CRIU took for the vDSO are no vDSO image; a restore fails when it reads them.',
    'Find who wrote over it, or whether a restore with --auto-dedup emptied it; dump again.',
  ),
  'image-of-proxy': code('info', 'The dumped vDSO is the proxy of an earlier restore.', 'Nothing.'),
  'image-kernel': code('info', 'Kernel release and build of the dumped vDSO, by its ELF notes.', 'Nothing.'),
  'image-vdso-changed': code(
    'warning',
    "Somebody wrote into the dumped vDSO: its bytes are not the kernel's.",
    'A restore in place drops the change; write it again after it.',
  ),
  'image-mark': code(
    'warning',
    "A dumped page begins with CRIU's mark: a runtime vDSO that was not left out, or a forgery.",
    'See mark-forged and proxy-merged.',
  ),
  'image-vdso-in-plain-memory': code(
    'warning',
    'Plain memory of the image holds a vDSO image: a copy, or a vDSO that CRIU did not recognise.',
    'See image-mishinted and proxy-merged.',
  ),
  'image-lost-proxy': code(
    'error',
    'CRIU left the runtime vDSO out and did not find the copy its mark names: the image has no vDSO.',
    'Dump again before other memory grows together with the copy.',
  ),
  'image-status-changed': code('warning', "CRIU's check changed what it takes for the vDSO.", 'See the policies.'),
  'restored-in-place': code('info', 'restore.log: the restore put a fresh vDSO at the old address.', 'Nothing.'),
  'restored-by-proxy': code('warning', 'restore.log: the restore made a proxy.', 'See restore-proxy.'),
  'restored-without-vdso': code('info', 'restore.log: the process had no vDSO and got none.', 'Nothing.'),
  'restore-failed': code('error', 'restore.log: the restore failed.', 'See the line.'),
  'log-error': code('error', 'A line of a CRIU log that says why it failed.', 'See the line.'),
  'log-warning': code('warning', 'A line of a CRIU log worth knowing.', 'See the line.'),
  'proxy-leaves-functions': code(
    'warning',
    'Functions that no proxy redirects: their old code reads pages that are no vvar.',
    'Do not call them until the next restore in place; clock_getres and getrandom on x86.',
  ),
  'target-other-machine': code('error', 'The target is another machine than the image.', 'Restore on the same one.'),
  'target-criu-cannot-run': code(
    'error',
    'That CRIU does not start on the target.',
    'Use CRIU 4.1 or later there, on s390x another than 4.2.',
  ),
  'target-symbols-differ': code('info', 'Functions lie elsewhere in the vDSO of the target.', 'See restore-proxy.'),
  'target-code-differs': code(
    'warning',
    'A thread stands inside the vDSO and that of the target is another build; CRIU does not compare code.',
    'Restore on the same build, or dump at another moment.',
  ),
  // What only several sources together tell.
  'content-lost': code(
    'error',
    "What was written into the vDSO is gone: a restore put the kernel's pages back.",
    'Write it again after every restore (a hook: install it again); dump without it.',
  ),
  'content-in-proxy': code(
    'warning',
    'What was written into the vDSO is in the dumped copy, where a restore wrote its jumps over functions.',
    'Look whether it is still called; install a hook again after a restore.',
  ),
  'permissions-lost': code(
    'warning',
    'The restored vDSO has other permissions than the dumped one.',
    'Set them again.',
  ),
  'choice-wrong': code(
    'error',
    'What was seen before the dump shows that CRIU took the wrong mapping for the vDSO, or missed the right one.',
    'Do not rely on this image; dump again with CRIU 3.5 or later, on Linux 3.16 or later.',
  ),
} as const satisfies Record<string, FindingCode>;
