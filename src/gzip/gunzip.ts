import { createGunzip } from 'node:zlib';

/** Unpacked bytes, or why there are no more of them. */
export type Gunzipped = Buffer | { readonly broken: string; readonly how: Breakage };

/** Its end is missing; bytes of it are wrong; it came to its end, and its checksum is wrong. */
export type Breakage = 'cut' | 'wrong' | 'checksum';

/**
 * Unpacks what gzip made, up to where it is damaged. What zlib has unpacked reaches us chunk by chunk, and the chunk that
 * meets an error never does: small ones, put together again here.
 */
export async function* gunzip(
  pieces: AsyncIterable<Buffer>,
  chunkSize = CHUNK,
): AsyncGenerator<Gunzipped, void, undefined> {
  const unpacking = createGunzip({ chunkSize });
  let ready: Buffer[] = [];
  let broken: NodeJS.ErrnoException | undefined;
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
      yield {
        broken: `compressed data is damaged here (${problem()}): the rest cannot be read`,
        how: breakage(broken),
      };
  } finally {
    unpacking.destroy();
  }
}

/** inflate.c of zlib names what its end did not agree with. */
const breakage = (error: NodeJS.ErrnoException | undefined): Breakage => {
  if (error?.code === 'Z_BUF_ERROR') return 'cut';
  return error?.message === 'incorrect data check' || error?.message === 'incorrect length check'
    ? 'checksum'
    : 'wrong';
};

const CHUNK = 16 * 1024;
/** Unpacked it is at most a thousand times as long. */
const PIECE = 16 * 1024;
