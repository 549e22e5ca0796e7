import { createGunzip } from 'node:zlib';

/** Unpacked bytes, or why there are no more of them. */
export type Gunzipped = Buffer | { readonly broken: string; readonly how: Breakage };

/** Its end is missing; bytes of it are wrong; it came to its end, and its checksum is wrong. */
export type Breakage = 'cut' | 'wrong' | 'checksum';

/** Unpacks what gzip made, up to where it is damaged. */
export async function* gunzip(
  pieces: AsyncIterable<Buffer>,
  chunkSize = CHUNK,
): AsyncGenerator<Gunzipped, void, undefined> {
  const zlib = openZlib(chunkSize);
  try {
    // One piece at a time: the next one may come in the same memory.
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length && zlib.problem() === undefined; at += PIECE)
        yield await zlib.write(piece.subarray(at, at + PIECE));
      if (zlib.problem() !== undefined) break;
    }
    yield await zlib.end();
    // Z_DATA_ERROR, Z_BUF_ERROR: what came before is good.
    const problem = zlib.problem();
    if (problem !== undefined)
      yield {
        broken: `compressed data is damaged here (${problem.message}): the rest cannot be read`,
        how: breakage(problem),
      };
  } finally {
    zlib.close();
  }
}

/** zlib, asked instead of listened to: an answer is what it has unpacked since the last. */
interface Zlib {
  readonly write: (piece: Buffer) => Promise<Buffer>;
  readonly end: () => Promise<Buffer>;
  /** What it found wrong; from then on it unpacks nothing. */
  readonly problem: () => NodeJS.ErrnoException | undefined;
  readonly close: () => void;
}

/**
 * What zlib has unpacked reaches us chunk by chunk, and the chunk that meets an error never does: small ones, put
 * together again here.
 */
const openZlib = (chunkSize: number): Zlib => {
  const stream = createGunzip({ chunkSize });
  let ready: Buffer[] = [];
  let broken: NodeJS.ErrnoException | undefined;
  let goOn: () => void = () => {};
  stream.on('data', (chunk: Buffer) => ready.push(chunk));
  stream.on('error', (error) => {
    broken = error;
    // Of what is being written nothing more is told.
    goOn();
  });
  const unpackedBy = async (work: (done: () => void) => void): Promise<Buffer> => {
    if (broken === undefined)
      await new Promise<void>((resolve) => {
        goOn = resolve;
        work(resolve);
      });
    const together = Buffer.concat(ready);
    ready = [];
    return together;
  };
  return {
    write: (piece) => unpackedBy((done) => stream.write(piece, done)),
    end: () => unpackedBy((done) => stream.once('end', done).end()),
    problem: () => broken,
    close: () => stream.destroy(),
  };
};

/** inflate.c of zlib names what its end did not agree with. */
const breakage = ({ code, message }: NodeJS.ErrnoException): Breakage => {
  if (code === 'Z_BUF_ERROR') return 'cut';
  return message === 'incorrect data check' || message === 'incorrect length check' ? 'checksum' : 'wrong';
};

const CHUNK = 16 * 1024;
/** Unpacked it is at most a thousand times as long. */
const PIECE = 16 * 1024;
