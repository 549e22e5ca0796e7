import { existsSync } from 'node:fs';

/** Verbs that know nothing without /proc; the others read what was written before. */
const LOOKING = new Set(['watch', 'ps', 'check', 'capture', 'record', 'hint', 'doctor', 'hook']);

/** In a chroot, or a container made by hand. Returns the sentence, or undefined when all is well. */
export const missingProc = (verb: string, self = '/proc/self/status'): string | undefined =>
  LOOKING.has(verb) && !existsSync(self)
    ? '/proc is not mounted here, or is that of another pid namespace. Run: mount -t proc proc /proc'
    : undefined;
