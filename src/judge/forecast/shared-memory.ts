import type { Forecast } from '../../model/verdict.js';
import { finding } from '../finding-codes.js';

/**
 * The forecast for a process that lives in the memory of `owner`, which the same dump takes: CRIU gives up before it
 * looks at any mapping, and everybody lives on (dump_task_kobj_ids, criu/cr-dump.c: KCMP_VM, all versions; seen with
 * 4.1.1 and 4.2). That a CRIU does not run at all comes before that.
 */
export const inMemoryOf = (owner: number, pid: number, forecast: Forecast): Forecast => {
  if (forecast.findings.some(({ code }) => code === 'criu-cannot-run')) return forecast;
  const shares = `process ${pid} lives in the memory of process ${owner} (vfork, or clone with CLONE_VM)`;
  const first = finding('dump-fails', {
    text: `The dump fails: ${shares}, and CRIU takes no memory twice. Dump it when one of them has ended.`,
    evidence: [`pagemap: both have the same pages, which nobody else maps`],
    criuMessage: `Can't make VM id for ${pid}`,
  });
  return { criu: forecast.criu, dump: 'fail', restore: null, loss: undefined, findings: [first] };
};
