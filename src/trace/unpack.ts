import { gunzip } from '../gzip/gunzip.js';
import { frontMember, SIGNATURE, tornMember } from './gzip-member.js';

/** Bytes of the recording, or the news that some are missing here; `torn`: at its end, as of a killed writer. */
export type Unpacked = Buffer | { readonly broken: string; readonly torn?: true };

/** A recording as it was written, whether it is plain or compressed; told by its bytes. */
export async function* unpack(pieces: AsyncIterable<Buffer>): AsyncGenerator<Unpacked, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  while (first.length < TELLING) {
    const next = await iterator.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  const all = startingWith(first, iterator);
  if (first.includes(SIGNATURE)) yield* members(all);
  else if (first[0] === SIGNATURE[0] && first[1] === SIGNATURE[1]) yield* gunzip(all);
  else yield* all;
}

/** How many bytes it takes to see what a file is. */
const TELLING = 64;

/** Damage costs the member it is in. Memory: one member. */
async function* members(pieces: AsyncIterable<Buffer>): AsyncGenerator<Unpacked, void, undefined> {
  let waiting: Buffer = Buffer.alloc(0);
  let damaged = false;
  function* drain(last: boolean): Generator<Unpacked, void, undefined> {
    while (waiting.length > 0) {
      const front = frontMember(waiting);
      if (front.kind === 'member') {
        if (damaged) yield { broken: DAMAGED };
        damaged = false;
        yield front.content;
        waiting = waiting.subarray(front.length);
        continue;
      }
      const next = waiting.indexOf(SIGNATURE, 1);
      if (front.kind === 'more' && !last) return;
      if (front.kind === 'more' && next === -1) {
        // As after a killed writer.
        const torn = tornMember(waiting);
        if (damaged) yield { broken: DAMAGED };
        yield torn.length > 0 ? torn : { broken: 'the compressed data ends within a member', torn: true };
        return;
      }
      damaged = true;
      if (next === -1 && !last) {
        // The signature may come in two pieces.
        waiting = waiting.subarray(Math.max(1, waiting.length - SIGNATURE.length + 1));
        return;
      }
      waiting = next === -1 ? Buffer.alloc(0) : waiting.subarray(next);
    }
    if (last && damaged) yield { broken: DAMAGED };
  }
  for await (const piece of pieces) {
    waiting = Buffer.concat([waiting, piece]);
    yield* drain(false);
  }
  yield* drain(true);
}

const DAMAGED = 'compressed data is damaged here';

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
