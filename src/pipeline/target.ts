import type { Event } from '../model/event.js';
import type { PidResolver } from './observation.js';
import { contextKey } from './spaces.js';

const CLONE_VM = 0x100n;

/** What has to be read after an event. */
export interface Target {
  readonly pid: number;
  /** Kernel identity of its address space, where the event tells: several pids may share one. */
  readonly context: string | undefined;
}

/** Whose address space the event may have changed; undefined: nobody's that can be read. */
export const targetOf = (event: Event, resolve: PidResolver): Target | undefined => {
  switch (event.kind) {
    case 'call':
    case 'exec':
    case 'namespace':
    case 'prctl':
      return { pid: event.tgid, context: contextKey(event.space) };
    case 'fork':
      return {
        pid: event.childPid,
        context: (event.cloneFlags & CLONE_VM) === 0n ? undefined : contextKey(event.space),
      };
    case 'poke': {
      const pid = resolve(event.tgid, event.targetPid);
      return pid === undefined ? undefined : { pid, context: undefined };
    }
    case 'exit':
    case 'gap':
    case 'heartbeat':
    case 'status':
      return undefined;
  }
};
