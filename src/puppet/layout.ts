/**
 * Where things are in a test process. It is a static ELF file without libc whose code is an interpreter of records:
 * TypeScript writes a frame of records, the process carries them out one after the other, answers with the same frame
 * (results filled in) and waits for the next one. All addresses are known here, so that records may point anywhere.
 */

/** Text segment: ELF header, program headers, code, first record. */
export const TEXT = 0x400000;
/** Data segment, readable and writable; congruent to its file offset for pages of up to 64 KiB. */
export const DATA = 0x501000;
export const DATA_FILE_OFFSET = 0x1000;
export const DATA_SIZE = 0x40000;

/** A frame: records from its start, strings and buffers behind them. Always sent and answered whole. */
export const FRAME_SIZE = 8192;
/** The last slot of a frame holds its number, so that an answer tells which frame it belongs to; 0 is the greeting. */
export const FRAME_NUMBER_OFFSET = FRAME_SIZE - 8;
/** First bytes of the frame that a fresh image sends unasked. */
export const GREETING = 'vdsowatch puppet';
/** One frame place per channel, so that tasks that share memory (vfork, CLONE_VM) do not share frames. */
export const CHANNELS = 5;
/** Where the frame of a channel is in the memory of the process. */
export const frameAddress = (channel: number): number => DATA + channel * FRAME_SIZE;

/** Free for the caller: buffers that must outlive a frame. */
export const SCRATCH = DATA + 0x20000;
/** Initial stack pointer of called functions on i386, where the stack register points at the record. */
export const FUNCTION_STACK = DATA + DATA_SIZE - 64;

/**
 * A record is ten 64-bit slots: operation, number or address, six arguments, result, and a tenth: how many of the
 * system calls failed (call), or where the parent goes on (split). 32-bit code uses the low halves.
 */
export const RECORD_SIZE = 80;
export const SLOT = { operation: 0, number: 8, argument: 16, result: 64, extra: 72 } as const;

/** Operations of the interpreter; the number is how many `dec` its dispatcher makes before it jumps. */
export const OPERATION = {
  /** System call `number` with six arguments; stores the result, counts a failure in the extra slot. */
  call: 0,
  /** Like call, for fork, vfork and clone: the child goes on with the next record, the parent at the extra slot's. */
  split: 1,
  /** Copies argument 3 bytes from argument 2 to argument 1: poke, peek and touch. */
  copy: 2,
  /** Counts argument 2 down in place, and goes to the record at argument 1 until it is zero. */
  loop: 3,
  /** write(arg 1, arg 2, arg 3), then reads arg 6 bytes from fd arg 4 to arg 5 and goes on there; EOF ends the process. */
  serve: 4,
  /** Calls the function at `number` with six integer arguments (SysV or AAPCS64); stores the result. */
  function: 5,
  /** x86_64 only: the system call through int 0x80, with i386 numbers. */
  interrupt: 6,
} as const;
export type Operation = keyof typeof OPERATION;
