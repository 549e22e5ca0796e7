import { errnoOf } from '../../model/errno.js';
import { type CallEvent, type ForkEvent, type PokeEvent, sharesSpace } from '../../model/event.js';
import { noteDeed } from './deeds.js';
import { noteDump, notSinceDump } from './dumped.js';
import type { Instant, Life } from './life.js';
import { forbearOf, notePoke, noteProtection } from './writes.js';

/** A call in its address space, whoever made it. */
export const noteCall = (life: Life, call: CallEvent, instant: Instant): void => {
  if (errnoOf(call.result) === undefined) touch(life, instant);
  noteProtection(life, call, instant);
  noteDeed(life, call, instant);
};

/** Another process wrote into its memory, or tried to. */
export const noteVictim = (life: Life, poke: PokeEvent, instant: Instant): void => {
  noteDump(life, poke, instant);
  if (errnoOf(poke.result) === undefined) life.touched = instant;
  notePoke(life, poke, instant);
};

/** What a child has of its parent. */
export const descend = (child: Life, parent: Life, fork: ForkEvent): void => {
  child.parent = { pid: parent.pid, comm: parent.comm };
  child.heirOf = forbearOf(parent);
  // The tasks of a restored tree fork each other while they are CRIU still (create_children_and_session).
  if (parent.comm === 'criu') child.restorer = parent.restorer ?? parent.pid;
  if (sharesSpace(fork)) shareWith(child, parent);
};

/** Its memory is another, and nothing that its parent's held is in it. */
export const noteExec = (life: Life, instant: Instant): void => {
  life.execed = instant;
  touch(life, instant);
  life.heirOf = undefined;
};

const touch = (life: Life, instant: Instant): void => {
  life.touched = instant;
  notSinceDump(life, instant);
};

/** A reading may have come before the call that it shows the effect of. */
export const noteRestored = (life: Life, instant: Instant): void => {
  life.restored = instant;
  // The newest one tells where the vDSO is; the rest are the restorer's.
  life.deeds = life.deeds.slice(-1);
  life.done = life.deeds.length;
  if (life.state !== undefined && life.state.at > instant.at) life.back ??= life.state;
};

/** It lives in the same memory from the start: what was done to that was done to its own. */
const shareWith = (child: Life, parent: Life): void => {
  child.writes = [...parent.writes, ...child.writes];
  child.deeds = [...parent.deeds, ...child.deeds];
  child.done += parent.done;
};
