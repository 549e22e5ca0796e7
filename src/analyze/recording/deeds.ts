import type { CallEvent } from '../../model/event.js';
import { type Effect, effectOf } from '../../pipeline/placement.js';
import { hex } from '../../text/hex.js';
import { addBounded, type Done, type Instant, type Life } from './life.js';

const FIRST_DEEDS = 2;
const MOST_DEEDS = 4;

/** Keeps what a call did to the vDSO, where its arguments and the kernel's pointer prove it. */
export const noteDeed = (life: Life, event: CallEvent, instant: Instant): void => {
  const effect = effectOf(event, undefined);
  if (effect.kind === 'none' || effect.kind === 'failed' || effect.kind === 'unclear') return;
  const { id: context } = event.space;
  const last = life.deeds.at(-1);
  if (isLeftOver(life, context, effect, instant.at)) return;
  // Another address space: what was done to the one before says nothing of it, and takes no place from what does.
  if (last !== undefined && last.context !== context) {
    life.deeds = [];
    life.done = 0;
  }
  life.done += 1;
  const { at, time } = instant;
  addBounded(life.deeds, { at, time, context, pid: event.tgid, comm: event.comm, effect }, FIRST_DEEDS, MOST_DEEDS);
};

/** As the pipeline has it (pipeline/call.ts): the kernel's pointer stays where a vDSO was that is gone. */
const isLeftOver = ({ deeds, state }: Life, context: bigint, { kind }: Effect, at: bigint): boolean => {
  if (kind !== 'unmapped' && kind !== 'covered') return false;
  const last = deeds.at(-1);
  const own = last !== undefined && last.context === context ? last : undefined;
  if (state !== undefined && state.at < at && state.at > (own?.at ?? 0n)) return state.verdict.vdso === null;
  return own !== undefined && own.at < at && (own.effect.kind === 'unmapped' || own.effect.kind === 'covered');
};

/** Moves that are counted only: the first and the newest are noted. */
export const passDeeds = (life: Life, count: number): void => {
  life.done += count;
};

/** "moved it from 0x... to 0x...". */
export const deedWords = (effect: Done): string => {
  switch (effect.kind) {
    case 'moved':
      return `moved it from ${hex(effect.move.from)} to ${hex(effect.move.to)}`;
    case 'unmapped':
      return `unmapped it at ${hex(effect.at)}`;
    case 'covered':
      return `put other memory over it at ${hex(effect.at)}`;
    case 'placed':
      return `mapped a new one at ${hex(effect.at)}`;
  }
};
