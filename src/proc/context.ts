import type { Host } from '../model/evidence.js';
import type { BootClock } from './clock.js';
import type { ProcFiles } from './door.js';

/** What every reader needs: the files, whose they are, and what time it is. */
export interface ProcContext {
  readonly files: ProcFiles;
  readonly host: Host;
  readonly clock: Pick<BootClock, 'now' | 'tickShift'>;
  /** Frame numbers are shown to us: /proc/kpageflags can be asked about them. */
  readonly privileged: boolean;
}
