import { execa } from 'execa';
import { Observable } from 'rxjs';
import { boundToUs } from './bound.js';
import type { Ending } from './complaint.js';
import { ARGUMENTS, type Bpftrace, environmentFor } from './find.js';
import { lineSplitter } from './lines.js';

/** What one bpftrace gives: its standard output as it comes, then how it ended. */
export type Output =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'ended'; readonly ending: Ending };

/**
 * Runs a script for as long as somebody is subscribed; completes after 'ended'. Its output is read as fast as it
 * comes, always: an undrained pipe makes bpftrace lose events without a word (measured).
 *
 * It runs in a session of its own, so that a terminal's Ctrl-C reaches it once, through us. Should we be killed, the
 * kernel ends it, and where that cannot be asked for its next heartbeat, which meets a closed pipe.
 */
export const runBpftrace = (bpftrace: Bpftrace, script: string, ringPages?: number): Observable<Output> =>
  new Observable((subscriber) => {
    const child = execa(...boundToUs(bpftrace.path, ARGUMENTS), {
      input: script,
      buffer: false,
      reject: false,
      detached: true,
      env: environmentFor(bpftrace, ringPages),
    });
    let ended = false;
    const stderr = boundedLines();
    const toLines = lineSplitter();
    child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      const lines = toLines(chunk);
      if (lines.length > 0) subscriber.next({ kind: 'lines', lines });
    });
    child.stderr.setEncoding('latin1').on('data', stderr.add);
    if (child.pid !== undefined) subscriber.next({ kind: 'started', pid: child.pid });
    // Resolves when the process has ended and both streams are read to their end.
    void child.then((result) => {
      ended = true;
      if (child.pid === undefined) stderr.add(`ERROR: ${result.shortMessage ?? 'it did not start'}\n`);
      const ending = { stderr: stderr.lines(), code: result.exitCode, signal: result.signal };
      subscriber.next({ kind: 'ended', ending });
      subscriber.complete();
    });
    return () => {
      if (ended) return;
      child.kill('SIGINT');
      // Detaching takes 70 ms per probe. Neither that nor what it says meanwhile keeps us from exiting.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref();
    };
  });

const STOP_MS = 10_000;

/** The first lines say what is wrong, the last how it ended. */
const boundedLines = () => {
  const split = lineSplitter(2000);
  const first: string[] = [];
  let last: string[] = [];
  return {
    add: (chunk: string): void => {
      for (const line of split(chunk)) {
        if (first.length < 200) first.push(line.slice(0, 1000));
        else last = [...last.slice(-49), line.slice(0, 1000)];
      }
    },
    lines: (): readonly string[] => [...first, ...last],
  };
};
