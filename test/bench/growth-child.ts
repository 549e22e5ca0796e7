import process from 'node:process';
import { Subject } from 'rxjs';
import { judge } from '../../src/judge/judge.js';
import type { Event } from '../../src/model/event.js';
import type { Evidence } from '../../src/model/evidence.js';
import { observe } from '../../src/pipeline/observe.js';
import { liveReading } from '../../src/pipeline/reading.js';
import { sweeps } from '../../src/pipeline/sweeps.js';
import { localBootClock } from '../../src/proc/clock.js';
import { localProc } from '../../src/proc/host.js';
import { readProcess } from '../../src/proc/process.js';

/** growth-child PROCESSES EVENTS: "us MB counted": CPU time an event, resident memory at the end, events counted. */
const [processes = 0, events = 0] = process.argv.slice(2).map(Number);
const clock = localBootClock().now;
const proc = localProc();
const model = readProcess(process.pid, 'census', { proc });
/** Our own reading under other numbers; a fresh object each time, as from /proc. */
const read = (pid: number): Evidence => ({
  ...model,
  takenAt: clock(),
  process: { ...model.process, pid, startTicks: 1n },
});
const live = liveReading(read);
const pids = Array.from({ length: processes }, (_, index) => 100_000 + index);
const PLACE = 0x7f0000000000n;

const made = (index: number): Event => {
  const slot = index % processes;
  const from = PLACE + BigInt(Math.floor(index / processes) % 1024) * 0x2000n;
  return {
    kind: 'call',
    at: clock(),
    tgid: 100_000 + slot,
    tid: 100_000 + slot,
    comm: 'storm',
    space: { id: BigInt(slot + 1), mm: BigInt(slot + 1) },
    call: 'mremap',
    args: [from, 0x2000n, 0x2000n, 3n, from + 0x2000n],
    result: from + 0x2000n,
    compat: false,
    vdsoBefore: from,
    vdsoAfter: from + 0x2000n,
  };
};

/** In bursts of 500, each after the frame of the one before it. */
let sent = 0;
const source = new Subject<Event>();
const go = (): void => {
  for (let burst = 0; burst < 500 && sent < events; burst++) source.next(made(sent++));
};
let begun: NodeJS.CpuUsage | undefined;
observe({
  events: source,
  sweeps: sweeps(source, { list: () => pids, read: live.sweep, glance: live.glance, clock }),
  read: live.read,
  resolve: (_, pid) => pid,
  clock,
  judge,
  host: { name: '', release: '', machine: '', privileged: true },
  frameMs: 5,
}).subscribe(({ state }) => {
  if (state.processes.size < processes) return;
  begun ??= process.cpuUsage();
  if (state.counters.events < events) return go();
  const { user, system } = process.cpuUsage(begun);
  const mb = Math.round(process.memoryUsage.rss() / 1048576);
  process.stdout.write(`${((user + system) / events).toFixed(3)} ${mb} ${state.counters.events}\n`, () =>
    process.exit(0),
  );
});
source.next({ kind: 'status', at: clock(), status: { mode: 'ebpf', text: '', notes: [] } });
