/**
 * One thing that was looked at. ok: nothing to do; warn: something works less well; fail: live tracing does not work.
 * All texts are safe to print.
 */
export interface Check {
  /** Stable kebab-case word. */
  readonly code: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** "bpftrace". */
  readonly what: string;
  /** "0.17.0 at /usr/bin/bpftrace". */
  readonly found: string;
  /** The command or step that mends it; null: nothing to do, or nothing that could be done. */
  readonly mend: string | null;
}

export const ok = (code: string, what: string, found: string): Check => ({
  code,
  status: 'ok',
  what,
  found,
  mend: null,
});

export const warn = (code: string, what: string, found: string, mend: string | null): Check => ({
  code,
  status: 'warn',
  what,
  found,
  mend,
});

export const fail = (code: string, what: string, found: string, mend: string | null): Check => ({
  ...warn(code, what, found, mend),
  status: 'fail',
});
