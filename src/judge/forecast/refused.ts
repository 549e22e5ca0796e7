import type { Evidence, ProcessFacts } from '../../model/evidence.js';
import type { Forecast } from '../../model/verdict.js';
import { type FindingFacts, finding } from '../finding-codes.js';

/** Where CRIU gives up before it looks at any mapping, and everybody lives on. That it runs at all comes before that. */

/** Of one process, whoever else the dump takes: `forecast`, unless CRIU cannot take hold of all its threads. */
export const ifSeized = (evidence: Evidence, forecast: Forecast): Forecast => {
  // A zombie without other threads is dumped as one, also when somebody traces it.
  if (evidence.vmas?.length === 0) return forecast;
  const facts = tracedBy(evidence.process) ?? withoutMainThread(evidence.process);
  return facts === undefined ? forecast : refused(forecast, facts);
};

/**
 * Traced by gdb, strace or rr. A task has one tracer (ptrace_attach, kernel/ptrace.c), so CRIU cannot stop it
 * (compel_interrupt_task, compel/src/lib/infect.c; before 3.0 in CRIU itself; seen with 4.1.1 and 4.2).
 */
const tracedBy = ({ pid, tracer }: ProcessFacts): FindingFacts | undefined => {
  if (tracer === undefined || tracer === 0) return undefined;
  return {
    text: `The dump fails: process ${tracer} traces it (a debugger, strace, rr), and CRIU has to. Let it detach first.`,
    evidence: [`status: TracerPid is ${tracer}`],
    criuMessage: `Unable to interrupt task: ${pid} (Operation not permitted)`,
  };
};

/**
 * Nobody can trace the zombie that the main thread has become (ptrace_attach), and CRIU takes no thread alone: at the
 * root of a dump it ends there, below it says "Zombies with threads are not supported" next (collect_threads,
 * criu/seize.c, and seize_threads before 2.0, all versions; seen with 4.1.1 and 4.2).
 */
const withoutMainThread = ({ pid, mainThreadEnded }: ProcessFacts): FindingFacts | undefined => {
  if (mainThreadEnded === undefined) return undefined;
  return {
    text: 'The dump fails: its main thread has ended, others live on, and CRIU takes no process without a main thread.',
    evidence: ['stat: the main thread is a zombie, and other threads have memory'],
    criuMessage: `Unable to interrupt task: ${pid} (Operation not permitted)`,
  };
};

/**
 * Of a process that lives in the memory of `owner`, which the same dump takes (dump_task_kobj_ids, criu/cr-dump.c:
 * KCMP_VM, all versions; seen with 4.1.1 and 4.2).
 */
export const inMemoryOf = (owner: number, pid: number, forecast: Forecast): Forecast => {
  const shares = `process ${pid} lives in the memory of process ${owner} (vfork, or clone with CLONE_VM)`;
  return refused(forecast, {
    text: `The dump fails: ${shares}, and CRIU takes no memory twice. Dump it when one of them has ended.`,
    evidence: ['pagemap: both have the same pages, which nobody else maps'],
    criuMessage: `Can't make VM id for ${pid}`,
  });
};

const refused = (forecast: Forecast, facts: FindingFacts): Forecast =>
  forecast.findings.some(({ code }) => code === 'criu-cannot-run')
    ? forecast
    : { criu: forecast.criu, dump: 'fail', restore: null, loss: undefined, findings: [finding('dump-fails', facts)] };
