import { contextKey, type Event, sharesSpace } from '../model/event.js';

/** What has to be read after an event. */
export interface Target {
  readonly pid: number;
  /** Kernel identity of its address space, where the event tells: several pids may share one. */
  readonly context: string | undefined;
  /**
   * Something was done to its mappings: every detail counts. A new image or a copy of one is ordinary until it shows
   * otherwise.
   */
  readonly thorough: boolean;
  /** It is a copy of this process: what is out of the ordinary there is so here. */
  readonly parent: number | undefined;
}

/** Our pid of the process that `writer` calls `pid` in its own pid namespace; undefined when it cannot be told. */
export type PidResolver = (writer: number, pid: number, namespace?: bigint) => number | undefined;

/** Whose address space the event may have changed; undefined: nobody's that can be read. */
export const targetOf = (event: Event, resolve: PidResolver): Target | undefined => {
  switch (event.kind) {
    case 'call':
    case 'namespace':
    case 'prctl':
      return { pid: event.tgid, context: contextKey(event.space), thorough: true, parent: undefined };
    case 'exec':
      return { pid: event.tgid, context: contextKey(event.space), thorough: false, parent: undefined };
    case 'fork': {
      const context = sharesSpace(event) ? contextKey(event.space) : undefined;
      return { pid: event.childPid, context, thorough: false, parent: event.tgid };
    }
    case 'poke': {
      const pid = resolve(event.tgid, event.targetPid, event.pidNamespace);
      return pid === undefined ? undefined : { pid, context: undefined, thorough: true, parent: undefined };
    }
    case 'exit':
    case 'gap':
    case 'heartbeat':
    case 'status':
      return undefined;
  }
};

/** Two wishes to read one address space, as one. */
export const together = (a: Target, b: Target): Target => ({
  ...a,
  thorough: a.thorough || b.thorough,
  parent: a.parent ?? b.parent,
});
