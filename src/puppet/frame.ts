import type { Abi } from './abi.js';
import { ABI_FACTS } from './abi.js';
import { FRAME_NUMBER_OFFSET, FRAME_SIZE, frameAddress, OPERATION, RECORD_SIZE, SLOT } from './layout.js';
import type { Argument, Step } from './step.js';
import { syscallNumber } from './syscalls.js';

/** Where a frame runs and how it is answered. */
export interface Seat {
  readonly abi: Abi;
  /** Index of the frame place. */
  readonly channel: number;
  readonly input: number;
  readonly output: number;
}

/** What came back: of each step the result (negative errno as the kernel gave it) and how often it failed. */
export interface Answer {
  readonly results: readonly bigint[];
  readonly failures: readonly number[];
  /** The frame as the process left it; its data start at `dataOffset(steps)`. */
  readonly frame: Buffer;
}

/** Where the data behind the records start: those of the first data argument, the others follow in steps of 16. */
export const dataOffset = (stepCount: number): number => (stepCount + 1) * RECORD_SIZE;

/**
 * Bytes of a frame: the steps, a serve step that answers with the frame and waits for the next one, then the data.
 * Throws when it does not fit: the caller's bug.
 */
export const encodeFrame = (seat: Seat, frameNumber: bigint, steps: readonly Step[]): Buffer => {
  const base = frameAddress(seat.channel);
  const frame = Buffer.alloc(FRAME_SIZE);
  let free = dataOffset(steps.length);
  const place = (data: Uint8Array): bigint => {
    if (free + data.length > FRAME_NUMBER_OFFSET) throw new Error('the steps do not fit into one frame');
    frame.set(data, free);
    const address = base + free;
    free = (free + data.length + 15) & ~15;
    return BigInt(address);
  };
  const stepAddress = (index: number): bigint => BigInt(base + index * RECORD_SIZE);
  const value = (argument: Argument): bigint => {
    if (typeof argument === 'string') return place(Buffer.from(`${argument}\0`));
    if (argument instanceof Uint8Array) return place(argument);
    return typeof argument === 'object' ? stepAddress(argument.step) : BigInt(argument);
  };
  if (free > FRAME_NUMBER_OFFSET) throw new Error('the steps do not fit into one frame');
  for (const [index, step] of [...steps, answerOn(seat)].entries()) {
    const at = index * RECORD_SIZE;
    const put = (slot: number, word: bigint): number => frame.writeBigUInt64LE(BigInt.asUintN(64, word), at + slot);
    put(SLOT.operation, BigInt(OPERATION[step.operation]));
    put(SLOT.number, typeof step.number === 'bigint' ? step.number : BigInt(syscallNumber(seat.abi, step.number)));
    for (const [position, argument] of argumentsOf(seat.abi, step).entries())
      put(SLOT.argument + 8 * position, value(argument));
    if (step.parentStep !== undefined) put(SLOT.extra, stepAddress(step.parentStep));
  }
  frame.writeBigUInt64LE(frameNumber, FRAME_NUMBER_OFFSET);
  return frame;
};

/** serve: answer with the frame of this seat and wait for the next one. */
const answerOn = (seat: Seat): Step => serve(seat, FRAME_SIZE);

/** Without an answer (0 bytes of it) it is how the child of a split takes a seat of its own. */
export const serve = (seat: Seat, answerSize: number): Step => ({
  operation: 'serve',
  number: 0,
  args: [seat.output, frameAddress(seat.channel), answerSize, seat.input, frameAddress(seat.channel), FRAME_SIZE],
});

/** i386 mmap is mmap2: the offset counts pages of 4096 bytes. */
const argumentsOf = (abi: Abi, step: Step): readonly Argument[] =>
  abi === 'i386' && step.operation === 'call' && step.number === 'mmap'
    ? step.args.map((argument, index) => (index === 5 ? BigInt(Number(argument)) >> 12n : argument))
    : step.args;

/** Reads the results of `stepCount` steps out of an answered frame. */
export const decodeFrame = (abi: Abi, frame: Buffer, stepCount: number): Answer => {
  const slots = (slot: number): readonly bigint[] =>
    Array.from({ length: stepCount }, (_, index) => frame.readBigUInt64LE(index * RECORD_SIZE + slot));
  return {
    results: slots(SLOT.result).map((raw) => decodeResult(abi, raw)),
    failures: slots(SLOT.extra).map(Number),
    frame,
  };
};

/** A 32-bit result in the errno range is negative, every other one an unsigned number (mmap above 2 GiB). */
const decodeResult = (abi: Abi, raw: bigint): bigint => {
  if (ABI_FACTS[abi].bits === 64) return BigInt.asIntN(64, raw);
  const low = BigInt.asUintN(32, raw);
  return low >= 0xfffff001n ? BigInt.asIntN(32, low) : low;
};
