import { createGunzip } from 'node:zlib';
import { frontMember, SIGNATURE, tornMember } from './gzip-member.js';

/** Bytes of the recording, or the news that some are missing here. */
export type Unpacked = Buffer | { readonly broken: string };

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
        yield torn.length > 0 ? torn : { broken: 'the compressed data ends within a member' };
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

/**
 * A recording that was compressed afterwards, by gzip, has no members that can be told apart. What zlib has unpacked
 * reaches us chunk by chunk, and the chunk that meets an error never does: small ones, put together again here.
 */
async function* gunzip(pieces: AsyncIterable<Buffer>): AsyncGenerator<Unpacked, void, undefined> {
  const unpacking = createGunzip({ chunkSize: CHUNK });
  let ready: Buffer[] = [];
  let broken: Error | undefined;
  let goOn: () => void = () => {};
  unpacking.on('data', (chunk: Buffer) => ready.push(chunk));
  unpacking.on('error', (error) => {
    broken = error;
    // Of what is being written nothing more is told.
    goOn();
  });
  const settled = (work: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      goOn = resolve;
      work(resolve);
    });
  const taken = (): Buffer => {
    const together = Buffer.concat(ready);
    ready = [];
    return together;
  };
  const problem = (): string | undefined => broken?.message;
  try {
    // One piece at a time: the next one may come in the same memory.
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length && problem() === undefined; at += PIECE) {
        await settled((done) => unpacking.write(piece.subarray(at, at + PIECE), done));
        yield taken();
      }
      if (problem() !== undefined) break;
    }
    if (problem() === undefined) await settled((done) => unpacking.once('end', done).end());
    yield taken();
    // Z_DATA_ERROR, Z_BUF_ERROR: what came before is good.
    if (problem() !== undefined)
      yield { broken: `compressed data is damaged here (${problem()}): the rest cannot be read` };
  } finally {
    unpacking.destroy();
  }
}

const CHUNK = 16 * 1024;
/** Unpacked it is at most a thousand times as long. */
const PIECE = 16 * 1024;

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
