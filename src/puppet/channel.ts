import type { Readable, Writable } from 'node:stream';
import { FRAME_NUMBER_OFFSET, FRAME_SIZE } from './layout.js';

/** Rejection of every question to a test process that has gone: it was killed, crashed, or has become another program. */
export class PuppetGone extends Error {
  constructor() {
    super('the test process has gone');
    this.name = 'PuppetGone';
  }
}

/** The two streams of one seat. Frames are numbered, and an answer carries the number of its frame. */
export interface Channel {
  /** Sends a frame (made for the given number) and resolves with the frame that answers it. */
  ask(frameFor: (number: bigint) => Buffer): Promise<Buffer>;
  /** The frame that a fresh image sends unasked. */
  greeting(): Promise<Buffer>;
  close(): void;
  readonly closed: Promise<void>;
}

interface Waiting {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (reason: Error) => void;
}

/** Both ends belong to the process; once either breaks, whoever waits is told PuppetGone. */
export const openChannel = (input: Writable, output: Readable): Channel => {
  const waiting = new Map<bigint, Waiting>();
  let last = 0n;
  let held: Buffer = Buffer.alloc(0);
  let isClosed = false;
  let whenClosed: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    whenClosed = resolve;
  });
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    for (const { reject } of waiting.values()) reject(new PuppetGone());
    waiting.clear();
    input.destroy();
    output.destroy();
    whenClosed();
  };
  output.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= FRAME_SIZE) {
      const frame = held.subarray(0, FRAME_SIZE);
      held = held.subarray(FRAME_SIZE);
      const number = frame.readBigUInt64LE(FRAME_NUMBER_OFFSET);
      waiting.get(number)?.resolve(frame);
      waiting.delete(number);
    }
  });
  // EPIPE and ECONNRESET say the same as the end of the stream: nobody is there any more.
  for (const stream of [input, output]) stream.on('error', close);
  output.on('close', close);
  output.on('end', close);
  const wait = (number: bigint): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      if (isClosed) reject(new PuppetGone());
      else waiting.set(number, { resolve, reject });
    });
  return {
    ask: (frameFor) => {
      last += 1n;
      const answer = wait(last);
      if (!isClosed) input.write(frameFor(last));
      return answer;
    },
    greeting: () => wait(0n),
    close,
    closed,
  };
};
