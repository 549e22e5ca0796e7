import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { type ErrorCode, isError, type ProcFiles } from './door.js';
import { finish, type Steps } from './steps.js';

const { O_RDONLY } = constants;

/** maps of the largest address space that is read whole: 1 GiB of text is nobody's evidence. */
const LARGEST = 256 * 1024 * 1024;
const FIRST_CAPACITY = 256 * 1024;
const MOST_VIEWS = 4096;
/** Three thousand mappings: 4 ms. */
const PIECE = FIRST_CAPACITY;

/** Readers of the running kernel's /proc, or of a folder made like it. */
export const procFiles = (root = '/proc'): ProcFiles => {
  let buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  // The first bytes of it, by their number: making such a view costs as much as parsing what is in it.
  const views = new Map<number, Buffer>();
  const view = (length: number): Buffer => {
    let made = views.get(length);
    if (made === undefined) {
      if (views.size >= MOST_VIEWS) views.clear();
      made = buffer.subarray(0, length);
      views.set(length, made);
    }
    return made;
  };

  const once = (path: string): number => {
    const file = openSync(path, O_RDONLY);
    try {
      return readSync(file, buffer, 0, buffer.length, null);
    } finally {
      closeSync(file);
    }
  };

  const record = (path: string): Buffer | ErrorCode => {
    try {
      return view(once(path));
    } catch (error) {
      return errorCode(error);
    }
  };

  const text = (path: string): string | ErrorCode => {
    try {
      return buffer.toString('latin1', 0, once(path));
    } catch (error) {
      return errorCode(error);
    }
  };

  const more = (file: number, length: number): number => {
    const count = readSync(file, buffer, length, buffer.length - length, null);
    if (count > 0 && length + count === buffer.length && buffer.length < LARGEST) {
      const larger = Buffer.allocUnsafeSlow(Math.min(LARGEST, buffer.length * 4));
      buffer.copy(larger);
      buffer = larger;
      views.clear();
    }
    return count;
  };

  const shortLines = (path: string, most: number): Buffer | ErrorCode | 'long' => {
    try {
      const file = openSync(path, O_RDONLY);
      try {
        let length = 0;
        for (let count = 1; count > 0 && !endsWithGate(buffer, length); length += count) {
          if (length >= most) return 'long';
          count = more(file, length);
        }
        return view(length);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      return errorCode(error);
    }
  };

  function* pieces(path: string): Steps<Buffer | ErrorCode> {
    const file = guarded(() => openSync(path, O_RDONLY));
    if (isError(file)) return file;
    try {
      let into = buffer;
      let length = 0;
      let pause = PIECE;
      for (;;) {
        const count = guarded(() => readSync(file, into, length, Math.min(PIECE, into.length - length), null));
        if (isError(count)) return count;
        length += count;
        if (count === 0 || endsWithGate(into, length)) return into.subarray(0, length);
        if (length < pause) continue;
        if (into === buffer || length + PIECE > into.length) {
          const larger = Buffer.allocUnsafeSlow(Math.min(LARGEST, length * 2 + PIECE));
          into.copy(larger, 0, 0, length);
          into = larger;
        }
        pause = length + PIECE;
        // Others use the shared buffer now; it is not ours any more.
        yield;
      }
    } finally {
      closeSync(file);
    }
  }

  return {
    root,
    record,
    text,
    lines: (path) => finish(pieces(path)),
    shortLines,
    pieces,
    at,
    link,
    list: (path) => guarded(() => readdirSync(path)),
  };
};

/**
 * Where the last line is the gate VMA of x86, which the kernel prints after all others (m_next: get_gate_vma), the
 * read that would only return 0 is saved: 1.3 of the 60 us of a process. No mapping of a process reaches that
 * address, so no name can play its part.
 */
const endsWithGate = (buffer: Buffer, length: number): boolean => {
  const start = length - GATE_LENGTH;
  return (
    start >= 0 &&
    buffer[length - 2] === 0x5d &&
    (start === 0 || buffer[start - 1] === 0x0a) &&
    buffer.toString('latin1', start, start + GATE_START.length) === GATE_START
  );
};

const GATE_START = 'ffffffffff600000-';
const GATE_LENGTH = 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n'.length;

const at = (path: string, target: Uint8Array, position: number | bigint): number | ErrorCode => {
  try {
    const file = openSync(path, O_RDONLY);
    try {
      let length = 0;
      while (length < target.length) {
        const where = typeof position === 'bigint' ? position + BigInt(length) : position + length;
        const count = readSync(file, target, length, target.length - length, where);
        if (count === 0) break;
        length += count;
      }
      return length;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return errorCode(error);
  }
};

const link = (path: string): string | ErrorCode => {
  try {
    return readlinkSync(path, LATIN1);
  } catch (error) {
    return errorCode(error);
  }
};

/** As a string, Node would make such an object of it at each call. */
const LATIN1 = { encoding: 'latin1' } as const;

const guarded = <T>(act: () => T): T | ErrorCode => {
  try {
    return act();
  } catch (error) {
    return errorCode(error);
  }
};

/** Only errors of system calls are data; anything else is a bug and goes on up. */
const errorCode = (error: unknown): ErrorCode => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error)
    return { code: error.code };
  throw error;
};
