import type { Forecast } from '../../model/verdict.js';
import { finding } from '../finding-codes.js';

/**
 * The forecast for a process that `tracer` traces, as gdb, strace and rr do: a task has one tracer (ptrace_attach,
 * kernel/ptrace.c), so CRIU cannot stop it, gives up before it looks at any mapping, and everybody lives on
 * (compel_interrupt_task, compel/src/lib/infect.c; before 3.0 in CRIU itself; seen with 4.1.1 and 4.2). That a CRIU does
 * not run at all comes before that.
 */
export const whileTraced = (tracer: number, pid: number, forecast: Forecast): Forecast => {
  if (forecast.findings.some(({ code }) => code === 'criu-cannot-run')) return forecast;
  const first = finding('dump-fails', {
    text: `The dump fails: process ${tracer} traces it (a debugger, strace, rr), and CRIU has to. Let it detach first.`,
    evidence: [`status: TracerPid is ${tracer}`],
    criuMessage: `Unable to interrupt task: ${pid} (Operation not permitted)`,
  });
  return { criu: forecast.criu, dump: 'fail', restore: null, loss: undefined, findings: [first] };
};
