import type { Plan } from '../bpftrace/plan.js';
import type { Host } from '../model/evidence.js';
import type { HostStatus } from '../model/state.js';
import { ownVersion } from '../own-version.js';
import { escapeText } from '../text/escape.js';
import { isoTime } from '../text/time-of-day.js';
import { type Header, TRACE } from './format.js';

/** What is to be said at the beginning of a recording. */
export interface HeaderFacts {
  readonly session: string;
  readonly host: HostStatus;
  readonly evidenceHost: Host;
  /** How it will be traced; undefined: without probes. */
  readonly plan: Plan | undefined;
  /** Options that chose what is recorded, as they were given. */
  readonly only: readonly string[];
  readonly command: readonly string[] | undefined;
}

/** `at`: boot clock now; `offset`: time of day minus boot clock; ns. */
export const headerOf = (facts: HeaderFacts, part: number, at: bigint, offset: bigint): Omit<Header, 'record'> => {
  const { session, host, evidenceHost, plan, only, command } = facts;
  return {
    schema: TRACE,
    session,
    part,
    at: at.toString(),
    time: isoTime(at, offset),
    offset: offset.toString(),
    bootId: evidenceHost.bootId ?? null,
    host: { ...host },
    hint: evidenceHost.hintTest,
    versions: { vdsowatch: ownVersion(), node: process.version, bpftrace: plan?.bpftrace.version ?? null },
    probes:
      plan === undefined
        ? null
        : {
            attached: [...plan.main.points],
            leftOut: plan.main.leftOut.map(({ script, point, why }) => `${script}: ${point}: ${why}`),
          },
    only: only.map(escapeText),
    command: command?.map(escapeText) ?? null,
  };
};
