import type { CallEvent } from '../../model/event.js';
import { effectOf } from '../../pipeline/placement.js';
import { hex } from '../../text/hex.js';
import { addBounded, type Instant, type Life } from './life.js';

const FIRST_DEEDS = 2;
const MOST_DEEDS = 4;

/** Keeps what a call did to the vDSO, where its arguments and the kernel's pointer prove it. */
export const noteDeed = (life: Life, event: CallEvent, instant: Instant): void => {
  const text = deedWords(event);
  if (text === undefined) return;
  life.done += 1;
  addBounded(life.deeds, { ...instant, pid: event.tgid, comm: event.comm, text }, FIRST_DEEDS, MOST_DEEDS);
};

const deedWords = (event: CallEvent): string | undefined => {
  const effect = effectOf(event, undefined);
  switch (effect.kind) {
    case 'moved':
      return `moved it from ${hex(effect.move.from)} to ${hex(effect.move.to)}`;
    case 'unmapped':
      return `unmapped it at ${hex(effect.at)}`;
    case 'covered':
      return `put other memory over it at ${hex(effect.at)}`;
    case 'placed':
      return `mapped a new one at ${hex(effect.at)}`;
    default:
      return undefined;
  }
};
