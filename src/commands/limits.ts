import { readlinkSync } from 'node:fs';
import { newerThanKnown } from '../judge/criu/version.js';
import type { LocalHost } from '../proc/host.js';
import { say } from '../report/complain.js';

/**
 * What this host does not let us see: said once, whatever it keeps from us. `chosen`: only processes that were named are
 * looked at, so what a list of all would lack does not matter.
 */
export const limits = (local: LocalHost, chosen: boolean): readonly string[] => {
  const notes: string[] = [];
  if (process.getuid?.() !== 0)
    notes.push(
      "Not root: page frames are hidden, and the memory of other users' processes is not readable. Run as root for all.",
    );
  else if (!local.privileged)
    notes.push('Page frames are hidden from this root: CAP_SYS_ADMIN is needed in the initial user namespace.');
  if (chosen) return notes;
  if (local.hidepid !== undefined && process.getuid?.() !== 0)
    notes.push(`/proc is mounted with hidepid=${local.hidepid}: other users' processes are not even listed.`);
  if (!isOwnProc()) notes.push('/proc is that of another pid namespace: process ids are those of there.');
  else if (local.initialPidNamespace === false)
    notes.push('This is a pid namespace of its own: only its processes are listed.');
  return notes;
};

/** proc_self_get_link (fs/proc/self.c) gives our pid in the namespace that /proc was mounted for. */
const isOwnProc = (): boolean => {
  try {
    return readlinkSync('/proc/self') === String(process.pid);
  } catch {
    return false;
  }
};

/** A forecast for a CRIU that nobody has looked at yet is not given in silence. */
export const sayIfNewer = (criu: string): void => {
  const newer = newerThanKnown(criu);
  if (newer !== undefined) say(newer);
};
