import { errnoOf } from '../../model/errno.js';
import type { CallEvent, PokeEvent } from '../../model/event.js';
import type { VdsoVerdict } from '../../model/verdict.js';
import { addBounded, type Copied, type Instant, type Life, type WriteSign } from './life.js';

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
  const vdso = event.vdsoAfter ?? placeOf(life, instant.at);
  note(life, { ...instant, pid: event.tgid, comm: event.comm, how: 'mprotect', vdso, from: start, to: end });
};

/** Somebody wrote into it. */
export const notePoke = (life: Life, event: PokeEvent, instant: Instant): void => {
  if (errnoOf(event.result) !== undefined) return;
  const { address } = event;
  const length = event.how === 'ptrace' ? WORD : event.result;
  const to = address === undefined ? undefined : address + length;
  const vdso = placeOf(life, instant.at);
  note(life, { ...instant, pid: event.tgid, comm: event.comm, how: event.how, vdso, from: address, to });
};

/** Where its vDSO was at that time, by what was done to it and by the newest reading. */
const placeOf = ({ deeds, state }: Life, at: bigint): bigint | undefined => {
  const last = deeds.filter((deed) => deed.at <= at).at(-1);
  if (last !== undefined && (state === undefined || last.at > state.at)) {
    if (last.effect.kind === 'moved') return last.effect.move.to;
    return last.effect.kind === 'placed' ? last.effect.at : undefined;
  }
  return state !== undefined && state.at <= at ? state.verdict.vdso?.start : undefined;
};

/** Where the next move after that time took it from. */
const leftAfter = ({ deeds }: Life, at: bigint): bigint | undefined => {
  for (const { at: time, effect } of deeds) if (time > at && effect.kind === 'moved') return effect.move.from;
  return undefined;
};

/** A reading takes its time, and is dated when it began. */
const READING_NS = 20_000_000n;
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
  if (life.clean?.at !== instant.at) life.clean = instant;
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

/**
 * Whom a fork of it inherits copied pages from; it is perhaps not read between the write and the fork. Forbears beyond
 * those that are asked are let go: some programs fork and end for ever.
 */
export const forbearOf = (life: Life): Life | undefined => {
  if (life.copied.size === 0 && life.writes.length === 0 && life.heirOf === undefined) return undefined;
  let oldest: Life | undefined = life;
  for (let generation = 0; generation < DEEPEST; generation += 1) oldest = oldest?.heirOf;
  if (oldest !== undefined) oldest.heirOf = undefined;
  return life;
};

/** Who wrote that page of its vDSO, as far as calls were seen that can have done it. */
export const writerOf = (life: Life, page: number, where: Where): Writer | undefined => {
  const copied = life.copied.get(page);
  return copied && writerBefore(life, page, copied, where, 0);
};

const writerBefore = (life: Life, page: number, copied: Copied, where: Where, depth: number): Writer | undefined => {
  if (depth > DEEPEST) return undefined;
  const own = copied.inheritedFrom === undefined ? ownWriter(life, page, copied, where) : undefined;
  if (own !== undefined) return own;
  // A first reading that shows the copy does not tell whose it is.
  const from = copied.inheritedFrom ?? (copied.clean === undefined ? life.heirOf : undefined);
  if (from === undefined) return undefined;
  const { pid, comm } = from;
  const writer = writerBefore(from, page, copiedBefore(from, page, life.born ?? copied.seen), where, depth + 1);
  return writer && { ...writer, inheritedFrom: { pid, comm } };
};

/** When the page of the parent was copied: perhaps no reading showed it before the fork. */
const copiedBefore = (life: Life, page: number, fork: Instant): Copied => {
  const copied = life.copied.get(page);
  if (copied !== undefined && copied.seen.at <= fork.at) return copied;
  const clean = copied === undefined ? life.clean : copied.clean;
  return {
    clean: clean !== undefined && clean.at <= fork.at ? clean : undefined,
    seen: fork,
    inheritedFrom: copied?.inheritedFrom,
  };
};

const ownWriter = (life: Life, page: number, copied: Copied, { vdso, pageSize }: Where): Writer | undefined => {
  const offset = BigInt(page * pageSize);
  // It may have been moved since, and its pages with it.
  const hits = (sign: WriteSign): boolean => {
    const { from, to } = sign;
    const then = (sign.vdso ?? leftAfter(life, sign.at) ?? vdso.start) + offset;
    return from === undefined || to === undefined || (from < then + BigInt(pageSize) && to > then);
  };
  const possible = life.writes.filter((sign) => sign.at <= copied.seen.at + READING_NS && hits(sign));
  // A call that writes is a better witness than one that only allows it.
  const poke = possible.find(({ how, at }) => how !== 'mprotect' && at >= (copied.clean?.at ?? 0n));
  if (poke !== undefined) return { page, ...who(poke), from: poke, until: poke, inheritedFrom: undefined };
  // One that was over when a reading showed the page clean allowed nothing of what came later.
  const isOver = ({ closed }: WriteSign): boolean =>
    closed !== undefined && copied.clean !== undefined && closed.at < copied.clean.at;
  const allowed = possible.filter((sign) => sign.how === 'mprotect' && !isOver(sign)).at(-1);
  if (allowed === undefined) return undefined;
  const from = copied.clean !== undefined && copied.clean.at > allowed.at ? copied.clean : allowed;
  const { closed } = allowed;
  const until = closed !== undefined && closed.at < copied.seen.at && closed.at >= from.at ? closed : copied.seen;
  return { page, ...who(allowed), from, until: until.at < from.at ? from : until, inheritedFrom: undefined };
};

const who = ({ pid, comm, how }: WriteSign) => ({ pid, comm, how });

const DEEPEST = 8;
