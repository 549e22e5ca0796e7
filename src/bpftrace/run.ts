import { Observable } from 'rxjs';
import type { Ending } from './complaint.js';
import { type Started, stopBpftrace } from './start.js';

/** What one bpftrace gives: its standard output as it comes, then how it ended. */
export type Output =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'ended'; readonly ending: Ending };

/** Runs a bpftrace for as long as somebody is subscribed; completes after 'ended'. */
export const runBpftrace = (start: () => Started): Observable<Output> =>
  new Observable((subscriber) => {
    const started = start();
    const { child } = started;
    let ended = false;
    const stderr = boundedLines();
    const toLines = lineSplitter();
    if (child.pid !== undefined) subscriber.next({ kind: 'started', pid: child.pid });
    started.stdout((chunk) => {
      const lines = toLines(chunk);
      if (lines.length > 0) subscriber.next({ kind: 'lines', lines });
    });
    started.stderr(stderr.add);
    // Resolves when the process has ended and both streams are read to their end.
    void child.then((result) => {
      ended = true;
      if (child.pid === undefined) stderr.add(`ERROR: ${result.shortMessage ?? 'it did not start'}\n`);
      const ending = { stderr: stderr.lines(), code: result.exitCode, signal: result.signal };
      subscriber.next({ kind: 'ended', ending });
      subscriber.complete();
    });
    return () => {
      if (!ended) stopBpftrace(started);
    };
  });

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

/**
 * Chunks of a stream to whole lines, without their newline. The unterminated rest waits for its end; a killed
 * bpftrace leaves a cut record there, which nobody ever sees. A rest beyond any line bpftrace prints is given up as a
 * line of its own, so that garbage cannot fill the memory.
 */
export const lineSplitter = (longest = 65_536): ((chunk: string) => readonly string[]) => {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length <= longest) return lines;
    const tooLong = rest.slice(0, longest);
    rest = '';
    return [...lines, tooLong];
  };
};
