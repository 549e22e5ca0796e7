import type { Evidence } from '../../model/evidence.js';
import type { Forecast } from '../../model/verdict.js';
import { type FindingFacts, finding } from '../finding-codes.js';

/** Where CRIU gives up before it looks at any mapping, and everybody lives on. That it runs at all comes before that. */

/**
 * Of a living process: whether somebody traces it, as gdb, strace and rr do. A task has one tracer (ptrace_attach,
 * kernel/ptrace.c), so CRIU cannot stop it (compel_interrupt_task, compel/src/lib/infect.c; before 3.0 in CRIU itself;
 * seen with 4.1.1 and 4.2). A zombie is dumped all the same.
 */
export const whileTraced = ({ process, vmas }: Evidence, forecast: Forecast): Forecast => {
  const { pid, tracer } = process;
  if (tracer === undefined || tracer === 0 || vmas?.length === 0) return forecast;
  return refused(forecast, {
    text: `The dump fails: process ${tracer} traces it (a debugger, strace, rr), and CRIU has to. Let it detach first.`,
    evidence: [`status: TracerPid is ${tracer}`],
    criuMessage: `Unable to interrupt task: ${pid} (Operation not permitted)`,
  });
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
