import type { Own } from './view.js';

/** A meter of what this process costs, over the time between two readings (bpftrace is another process). */
export const ownCost = (): (() => Own) => {
  let before = process.cpuUsage();
  let at = process.hrtime.bigint();
  return () => {
    const now = process.hrtime.bigint();
    const used = process.cpuUsage(before);
    const elapsed = Number(now - at) / 1000;
    before = process.cpuUsage();
    at = now;
    const cpu = elapsed > 0 ? ((used.user + used.system) / elapsed) * 100 : 0;
    return { cpu, rss: process.memoryUsage.rss() };
  };
};
