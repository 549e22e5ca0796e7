/**
 * A failure the user can meet, as a value: what went wrong in one sentence and what mends it.
 * Thrown exceptions are left for bugs; a vanished process or a torn read is data (`Unread`, evidence.ts).
 */
export interface Failure {
  readonly kind: FailureKind;
  /** One plain sentence, no stack trace, already escaped for a terminal. */
  readonly text: string;
  /** The command or step that mends it; null when nothing does. */
  readonly mend: string | null;
  readonly cause?: unknown;
}

export type FailureKind =
  | 'usage'
  | 'no-privilege'
  | 'no-bpftrace'
  | 'old-bpftrace'
  | 'no-tracefs'
  | 'no-btf'
  | 'probe-rejected'
  | 'bpftrace-died'
  | 'no-process'
  | 'no-abi'
  | 'unreadable'
  | 'bad-input'
  | 'too-large'
  | 'newer-format'
  | 'mixed-hosts'
  | 'cannot-write';

/** Exit statuses, as the README lists them. By signal: 128 + its number. */
export const EXIT = { well: 0, notWell: 1, usage: 2, cannotRun: 3 } as const;

/** `text`: one sentence for the user; `mend`: what he can do about it, null: nothing; `cause`: the error it came of. */
export const failure = (kind: FailureKind, text: string, mend: string | null = null, cause?: unknown): Failure => ({
  kind,
  text,
  mend,
  ...(cause === undefined ? {} : { cause }),
});

/** Either a value or the reason there is none; `ok` tells them apart. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const success = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const failed = (reason: Failure): Outcome<never> => ({ ok: false, failure: reason });

/** "ENOENT"; undefined: it is no error of the system or of a library, but a bug. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** Why something cannot be read. `shown`: its path, escaped; an empty one stands in quotes. */
export const cannotOpen = (shown: string, error: unknown): Failure => {
  const code = codeOf(error) ?? 'unknown error';
  if (code === 'ENOENT')
    return failure('bad-input', `${shown === '' ? '""' : shown} does not exist.`, 'Check the path.');
  if (code === 'EACCES' || code === 'EPERM')
    return failure('unreadable', `${shown} may not be read by this user.`, 'Run as root, or as the owner.', error);
  return failure('unreadable', `${shown} cannot be read (${code}).`, 'Check the path.', error);
};

/** What went wrong and what mends it, on one line. */
export const sentence = ({ text, mend }: Pick<Failure, 'text' | 'mend'>): string =>
  mend === null ? text : `${text}${/[.!?:]$/.test(text) ? '' : ':'} ${mend}`;
