import { cpus } from 'node:os';
import { Observable } from 'rxjs';
import { CLOCK_ERROR, type Event } from '../model/event.js';
import { type Failure, failure } from '../model/failure.js';
import { type Account, type Loss, onBeat, onMark, onRecord, onTotal, openAccount, type Settled } from './account.js';
import { explainEnding } from './complaint.js';
import { type Bpftrace, hasOneRing } from './find.js';
import { readOnline } from './host.js';
import { type Decoding, lineDecoder } from './record.js';
import { cpuLook, lacksRing, ONE_RING } from './rings.js';
import { type Output, runBpftrace } from './run.js';
import { type Started, startBpftrace } from './start.js';

/** What one life of a bpftrace gives, in order; 'ended' is the last. Times are ns on the boot clock. */
export type Happening =
  | { readonly kind: 'started'; readonly pid: number }
  /** All probes are attached: the first heartbeat, which attaches last, has come. */
  | { readonly kind: 'ready'; readonly at: bigint }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'beat'; readonly at: bigint; readonly emitted: bigint; readonly received: bigint }
  | { readonly kind: 'lost'; readonly loss: Loss }
  /** Records come this much later than they were made, or no longer do (0): the machine, or we, cannot keep up. */
  | { readonly kind: 'lag'; readonly ns: bigint }
  /** So many records made no sense so far. Said at 1, 10, 100, ... */
  | { readonly kind: 'garbage'; readonly count: number }
  | { readonly kind: 'ended'; readonly failure: Failure; readonly stuck: boolean };

export interface SessionOptions {
  readonly bpftrace: Bpftrace;
  readonly script: string;
  readonly decoding: Decoding;
  readonly clock: () => bigint;
  readonly patience?: Patience;
  readonly ringPages?: number | undefined;
  /** The text of /sys/devices/system/cpu/online. */
  readonly online?: () => string;
  /** A bpftrace that was started with this script already. */
  readonly started?: Started | undefined;
}

/** In ms. */
export interface Patience {
  /** From the start to the first heartbeat: 1 s, and 8 s were seen under load (measured). */
  readonly start: number;
  /** Between two looks for output, a heartbeat at least; `silent` looks without mean that it is stuck. */
  readonly look: number;
  readonly silent: number;
}

const PATIENCE: Patience = { start: 90_000, look: 1000, silent: 5 };

/** Runs one bpftrace and watches over it; unsubscribing stops it. */
export const session = (options: SessionOptions): Observable<Happening> =>
  new Observable((subscriber) => {
    const { clock, patience = PATIENCE, online = readOnline } = options;
    const decode = lineDecoder(options.decoding);
    let account: Account = openAccount(clock());
    let beatAt: bigint | undefined;
    let saidAt = 0n;
    let silence = 0;
    let garbage = 0;
    let lagging = false;
    const oneRing = hasOneRing(options.bpftrace);
    const processors = cpus().length;

    const take = (text: string): void => {
      const line = decode(text);
      switch (line.kind) {
        case 'event':
          account = onRecord(account, line.event.at);
          subscriber.next({ kind: 'event', event: line.event });
          return;
        case 'beat':
          beat(line.at);
          return;
        case 'mark':
          settled(onMark(onRecord(account, line.at), line.cpu, line.at, processors, clock()));
          return;
        case 'total':
          total(line.emitted);
          return;
        case 'garbage':
          account = onRecord(account, undefined);
          garbage += 1;
          if (/^10*$/.test(String(garbage))) subscriber.next({ kind: 'garbage', count: garbage });
          return;
        case 'other':
          return;
      }
    };

    const beat = (at: bigint): void => {
      const first = beatAt === undefined;
      beatAt = at;
      const now = clock();
      const lag = now - at;
      if (first) subscriber.next({ kind: 'ready', at });
      account = onRecord(account, at);
      settled(oneRing ? onBeat(account, at) : onMark(account, BEATING_CPU, at, processors, now));
      if (lagging ? lag > IN_TIME : lag < LATE) return;
      lagging = !lagging;
      subscriber.next({ kind: 'lag', ns: lagging ? lag : 0n });
    };

    const settled = ({ account: next, loss }: Settled): void => {
      account = next;
      if (loss !== undefined) subscriber.next({ kind: 'lost', loss });
    };

    const total = (emitted: bigint): void => {
      if (beatAt === undefined) return;
      // Not before what the records themselves say, if our own clock should be off.
      const now = clock();
      account = onTotal(account, emitted, (now > beatAt ? now : beatAt) + CLOCK_ERROR);
      if (beatAt - saidAt < SECOND) return;
      saidAt = beatAt;
      subscriber.next({ kind: 'beat', at: beatAt, emitted, received: account.received });
    };

    const end = (reason: Failure, stuck: boolean): void => {
      subscriber.next({ kind: 'ended', failure: reason, stuck });
      subscriber.complete();
    };

    const onOutput = (output: Output): void => {
      if (output.kind === 'lines') {
        silence = 0;
        for (const line of output.lines) take(line);
      } else if (output.kind === 'started') subscriber.next(output);
      else end(explainEnding(output.ending), false);
    };

    const lookAtCpus = () => cpuLook(online(), clock() - process.hrtime.bigint());
    let cpusSeen = oneRing ? undefined : lookAtCpus();
    const isUnheard = (): boolean => {
      const before = cpusSeen;
      cpusSeen &&= lookAtCpus();
      return before !== undefined && cpusSeen !== undefined && lacksRing(before, cpusSeen);
    };

    const startedAt = performance.now();
    // Looks, not spans of time: while our own process is held up nothing is read, and that is no silence of bpftrace's.
    const watching = setInterval(() => {
      if (isUnheard()) {
        end(failure('bpftrace-died', UNHEARD, ONE_RING), false);
        return;
      }
      if (beatAt === undefined) {
        if (performance.now() - startedAt > patience.start)
          end(failure('bpftrace-died', `bpftrace attached nothing in ${patience.start / 1000} s`), false);
        return;
      }
      silence += 1;
      if (silence > patience.silent) end(failure('bpftrace-died', `bpftrace has said nothing for ${silence} s`), true);
    }, patience.look);
    const { bpftrace, script, ringPages, started } = options;
    const running = runBpftrace(() => started ?? startBpftrace(bpftrace, script, ringPages)).subscribe(onOutput);
    return () => {
      clearInterval(watching);
      running.unsubscribe();
    };
  });

const UNHEARD = 'a CPU came online, and this bpftrace hears only those that were so without a break since it started';
/** Where bpftrace runs its intervals, and so in whose ring heartbeats come. */
const BEATING_CPU = 0;
const SECOND = 1_000_000_000n;
const LATE = 2n * SECOND;
const IN_TIME = SECOND / 2n;
