import type { CallEvent } from '../../model/event.js';
import { isEndOfRestore } from '../../pipeline/noise.js';
import { effectOf, isLeftOver, leavesOne } from '../../pipeline/placement.js';
import { hex } from '../../text/hex.js';
import { addBounded, type Done, type Instant, type Life } from './life.js';

const FIRST_DEEDS = 2;
const MOST_DEEDS = 4;

/** Keeps what a call did to the vDSO, where its arguments and the kernel's pointer prove it. */
export const noteDeed = (life: Life, event: CallEvent, instant: Instant): void => {
  const effect = effectOf(event, undefined);
  if (effect.kind === 'none' || effect.kind === 'failed' || effect.kind === 'unclear') return;
  if (life.restored !== undefined && isEndOfRestore(event, effect)) {
    life.deeds = [];
    life.done = 0;
    return;
  }
  const { id: context } = event.space;
  const last = life.deeds.at(-1);
  const presence = last?.context === context ? { at: last.at, there: leavesOne(last.effect) } : undefined;
  const reading = life.state && { at: life.state.at, absent: life.state.verdict.vdso === null };
  if (isLeftOver(effect, instant.at, presence, reading)) return;
  // Another address space: what was done to the one before says nothing of it, and takes no place from what does.
  if (last !== undefined && last.context !== context) {
    life.deeds = [];
    life.done = 0;
  }
  life.done += 1;
  const { at, time } = instant;
  addBounded(life.deeds, { at, time, context, pid: event.tgid, comm: event.comm, effect }, FIRST_DEEDS, MOST_DEEDS);
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
