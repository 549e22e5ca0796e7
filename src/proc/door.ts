import type { Steps } from './steps.js';

/**
 * The only door to /proc: synchronous, because a census is thousands of reads of a few microseconds each, and into
 * one shared buffer. A test gives a folder or a made-up reader of its own. Nothing here throws for what /proc may do
 * at any time (a process ends, a file is refused): that comes back as an `ErrorCode`.
 */
export interface ProcFiles {
  /** "/proc", or a folder that looks like it. */
  readonly root: string;
  /**
   * A file whose content the kernel makes in one piece (stat, status, comm, auxv, cmdline): one read.
   * The bytes are valid until the next call of `record` or `lines`.
   */
  record(path: string): Buffer | ErrorCode;
  /** The same as latin1 text, one character a byte. */
  text(path: string): string | ErrorCode;
  /**
   * A file the kernel makes piece by piece (maps, smaps): at most a page a read, and the address space may change
   * between two of them (seq_read_iter, m_start of fs/proc/task_mmu.c). The bytes are valid until the next call.
   */
  lines(path: string): Buffer | ErrorCode;
  /** The same of a file of less than `most` bytes; "long" when it has more. */
  shortLines(path: string, most: number): Buffer | ErrorCode | 'long';
  /** The same in steps, for a file that may be long; a buffer of its own once it is. */
  pieces(path: string): Steps<Buffer | ErrorCode>;
  /** Bytes at a position into `target`; how many were there, which may be fewer. */
  at(path: string, target: Uint8Array, position: number | bigint): number | ErrorCode;
  link(path: string): string | ErrorCode;
  list(path: string): readonly string[] | ErrorCode;
}

/** An errno name, "EACCES". A plain string would be mistaken for content, hence the object. */
export interface ErrorCode {
  readonly code: string;
}

/** Of whatever a reader of the door gave. */
export const isError = (result: unknown): result is ErrorCode =>
  typeof result === 'object' && result !== null && !ArrayBuffer.isView(result) && 'code' in result;
