import type { CallEvent, PokeEvent } from '../../model/event.js';
import type { VdsoVerdict } from '../../model/verdict.js';
import { errnoOf } from '../../pipeline/placement.js';
import { addBounded, type Instant, type Life, type WriteSign } from './life.js';

const FIRST_SIGNS = 4;
const MOST_SIGNS = 16;
const PROT_WRITE = 2n;

/** A process made its own memory writable; the probes tell only of calls that touch its vDSO or vvar. */
export const noteProtection = (life: Life, event: CallEvent, instant: Instant): void => {
  if (event.call !== 'mprotect' && event.call !== 'pkey_mprotect') return;
  const [start = 0n, length = 0n, protection = 0n] = event.args;
  if (errnoOf(event.result) !== undefined) return;
  const end = start + length;
  if ((protection & PROT_WRITE) === 0n) {
    const open = life.writes.filter(({ how, closed }) => how === 'mprotect' && closed === undefined);
    for (const sign of open) if ((sign.from ?? 0n) >= start && (sign.to ?? 0n) <= end) sign.closed = instant;
    return;
  }
  note(life, { ...instant, pid: event.tgid, comm: event.comm, how: 'mprotect', from: start, to: end });
};

/** Somebody wrote into it. */
export const notePoke = (life: Life, event: PokeEvent, instant: Instant): void => {
  if (errnoOf(event.result) !== undefined) return;
  const { address } = event;
  const length = event.how === 'ptrace' ? WORD : event.result;
  const to = address === undefined ? undefined : address + length;
  note(life, { ...instant, pid: event.tgid, comm: event.comm, how: event.how, from: address, to });
};

const WORD = 8n;

const note = (life: Life, sign: WriteSign): void => {
  addBounded(life.writes, sign, FIRST_SIGNS, MOST_SIGNS);
};

/** Follows which pages are no longer the kernel's, and between which readings they ceased to be. */
export const notePages = (life: Life, vdso: VdsoVerdict | null | undefined, instant: Instant): void => {
  const pages = vdso?.modifiedPages;
  if (pages === undefined) return;
  for (const page of life.copied.keys()) if (!pages.includes(page)) life.copied.delete(page);
  for (const page of pages) {
    if (life.copied.has(page)) continue;
    const inherited = life.clean === undefined && life.heirOf?.copied.has(page) === true;
    life.copied.set(page, { clean: life.clean, seen: instant, inheritedFrom: inherited ? life.heirOf : undefined });
  }
  if (pages.length === 0 && life.clean?.at !== instant.at) life.clean = instant;
};

export interface Writer {
  readonly page: number;
  readonly pid: number;
  readonly comm: string;
  readonly how: WriteSign['how'];
  /** It was written at or after `from`, at or before `until`; the same for a call that writes. */
  readonly from: Instant;
  readonly until: Instant;
  /** The process it was inherited from by fork; undefined: it was written in this one. */
  readonly inheritedFrom: { readonly pid: number; readonly comm: string } | undefined;
}

interface Where {
  readonly vdso: VdsoVerdict;
  /** Bytes. */
  readonly pageSize: number;
}

/** Who wrote that page of its vDSO, as far as calls were seen that can have done it. */
export const writerOf = (life: Life, page: number, { vdso, pageSize }: Where, depth = 0): Writer | undefined => {
  const copied = life.copied.get(page);
  if (copied === undefined || depth > DEEPEST) return undefined;
  if (copied.inheritedFrom !== undefined) {
    const { pid, comm } = copied.inheritedFrom;
    const writer = writerOf(copied.inheritedFrom, page, { vdso, pageSize }, depth + 1);
    return writer && { ...writer, inheritedFrom: { pid, comm } };
  }
  const start = vdso.start + BigInt(page * pageSize);
  const end = start + BigInt(pageSize);
  const possible = life.writes.filter(
    ({ at, from, to }) =>
      at <= copied.seen.at && (from === undefined || to === undefined || (from < end && to > start)),
  );
  // A call that writes is a better witness than one that only allows it.
  const poke = possible.find(({ how, at }) => how !== 'mprotect' && at >= (copied.clean?.at ?? 0n));
  if (poke !== undefined) return { page, ...who(poke), from: poke, until: poke, inheritedFrom: undefined };
  const allowed = possible.filter(({ how }) => how === 'mprotect').at(-1);
  if (allowed === undefined) return undefined;
  const from = copied.clean !== undefined && copied.clean.at > allowed.at ? copied.clean : allowed;
  const { closed } = allowed;
  const until = closed !== undefined && closed.at < copied.seen.at && closed.at >= from.at ? closed : copied.seen;
  return { page, ...who(allowed), from, until, inheritedFrom: undefined };
};

const who = ({ pid, comm, how }: WriteSign) => ({ pid, comm, how });

const DEEPEST = 8;
