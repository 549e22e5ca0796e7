import { type Event, sharesSpace } from '../model/event.js';

/**
 * Which address spaces have only ever had one process in them, as far as the pipeline learns of it: by an event of a
 * second one, or by a clone that shares it (pipeline/life.ts). A reading of another process says nothing of such a one.
 */
export interface Sharing {
  readonly meet: (event: Extract<Event, { readonly tgid: number }>) => void;
  /** A process does something in it. */
  readonly act: (context: bigint, tgid: number) => void;
  readonly isShared: (context: bigint) => boolean;
  readonly clear: () => void;
}

/** `most`: address spaces that are remembered. */
export const openSharing = (most = MOST): Sharing => {
  /** Its only process; oldest first. */
  const owners = new Map<bigint, number | typeof SHARED>();
  /** Some are forgotten: of one that seems to be new it is not known who was in it before. */
  let forgotten = false;
  let unsure = false;

  const put = (context: bigint, owner: number | typeof SHARED): void => {
    owners.set(context, owner);
    if (owners.size <= most) return;
    const oldest = owners.keys().next().value;
    if (oldest !== undefined) owners.delete(oldest);
    forgotten = true;
  };
  const act = (context: bigint, tgid: number): void => {
    const owner = owners.get(context);
    if (owner === undefined) put(context, forgotten ? SHARED : tgid);
    else if (owner !== tgid && owner !== SHARED) owners.set(context, SHARED);
  };

  return {
    meet: (event) => {
      const { id } = event.space;
      // It was in any of them.
      if (id === 0n) unsure = true;
      // Only an exec is known to make one.
      if (event.kind === 'exec' && !owners.has(id)) put(id, event.tgid);
      else if (event.kind === 'fork' && sharesSpace(event)) put(id, SHARED);
      else act(id, event.tgid);
    },
    act,
    isShared: (context) => unsure || typeof owners.get(context) !== 'number',
    clear: () => {
      owners.clear();
      forgotten = false;
      unsure = false;
    },
  };
};

const SHARED = 'shared';
/** Some 5 MB. */
const MOST = 50_000;
