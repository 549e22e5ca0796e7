import { asapScheduler, concat, map, NEVER, type Observable, of, share, subscribeOn } from 'rxjs';
import type { Planning } from '../bpftrace/plan.js';
import { traceEvents } from '../bpftrace/tracer.js';
import type { JudgeContext } from '../judge/context.js';
import { judge } from '../judge/judge.js';
import { judgeByKind } from '../judge/kinds.js';
import type { Event, StatusEvent, TracerStatus } from '../model/event.js';
import { AT_SYSINFO_EHDR, changeEvidence, type Evidence } from '../model/evidence.js';
import { localBootClock } from '../proc/clock.js';
import { showsTheSame } from '../proc/glance.js';
import { hostStatus, localProc, readLocalHost } from '../proc/host.js';
import { readProcess } from '../proc/process.js';
import { listProcesses } from '../proc/sweep.js';
import type { Judge } from './judged.js';
import type { Sources } from './observe.js';
import { pidResolver } from './pids.js';
import { liveReading } from './reading.js';
import { PACES, sweeps } from './sweeps.js';

export interface LiveOptions {
  /** What to trace with; undefined: /proc alone, whatever bpftrace could do. */
  readonly planning: Planning | undefined;
  /** What this host does not let us see; shown with the state of the tracer. */
  readonly notes: readonly string[];
  /** Each value asks for a fresh sweep of all processes. */
  readonly asked?: Observable<unknown>;
}

/** The running machine as a source: events of the probes, or none and the reason why, and readings of /proc. */
export const liveSources = ({ planning, notes, asked }: LiveOptions): Sources => {
  const clock = localBootClock();
  const proc = localProc();
  const local = readLocalHost();
  const tracer = tracing(planning, local.initialPidNamespace, clock.now());
  // Where the kernel's pointer cannot be read, munmap and mprotect of a vDSO are not heard (probes/unfiltered.bt).
  let hearsAll = false;
  planning?.plan.then((plan) => {
    hearsAll = plan.ok && plan.value.decoding.knowsVdso;
  });
  const reading = liveReading(
    (pid, depth) => readProcess(pid, depth, { proc }),
    (pid, sight) => hearsAll && showsTheSame(pid, sight, proc),
  );
  // Both readers subscribe before the first event goes out, even one that is there at once. The tracer may end (it
  // does when there is no bpftrace); what is read from /proc goes on.
  const events = concat(tracer, NEVER).pipe(
    map((event) => withNotes(event, notes)),
    subscribeOn(asapScheduler),
    share(),
  );
  return {
    events,
    sweeps: sweeps(
      events,
      {
        list: () => {
          clock.recalibrate();
          const listed = listProcesses(proc);
          if (listed.ok) reading.keep(listed.value);
          return listed.ok ? listed.value : undefined;
        },
        read: reading.sweep,
        glance: reading.glance,
        clock: clock.now,
      },
      PACES,
      asked,
    ),
    read: reading.read,
    resolve: pidResolver(proc.files),
    clock: clock.now,
    judge: judging(),
    host: hostStatus(local),
  };
};

const tracing = (planning: Planning | undefined, initial: boolean | undefined, now: bigint): Observable<Event> => {
  if (planning === undefined) return polling(now, 'polling: asked to do without probes (--no-bpf)', []);
  if (initial !== false) return traceEvents({ planning });
  planning.stop();
  return polling(now, 'polling: the probes number processes as the initial pid namespace does, and this is another', [
    'run vdsowatch on the host, or with --pid=host',
  ]);
};

const withNotes = (event: Event, notes: readonly string[]): Event =>
  event.kind === 'status' ? { ...event, status: { ...event.status, notes: [...event.status.notes, ...notes] } } : event;

const polling = (at: bigint, text: string, notes: readonly string[]): Observable<Event> => {
  const status: TracerStatus = { mode: 'polling', text, notes };
  return of<StatusEvent>({ kind: 'status', at, status });
};

/**
 * The judge for many processes: an ordinary one, with nothing known beside its evidence that contradicts it, is judged
 * as its kind (judge/kinds.ts). What a probe saw agrees with its auxv then, and adds nothing to the verdict.
 */
const judging = (): Judge => {
  const byKind = judgeByKind();
  return (evidence, context) =>
    isPlain(evidence, context)
      ? byKind(evidence.contextVdso === undefined ? evidence : changeEvidence(evidence, { contextVdso: undefined }))
      : judge(evidence, context);
};

const isPlain = ({ onlyBlock, auxv, contextVdso }: Evidence, { moves, placedAt }: JudgeContext): boolean => {
  if (onlyBlock !== true || (moves !== undefined && moves.length > 0)) return false;
  const put = auxv?.entries.get(AT_SYSINFO_EHDR);
  return [contextVdso, placedAt].every((place) => place === undefined || place === put);
};
