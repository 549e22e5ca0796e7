import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A `vdsowatch record` that is running. */
export interface Recorded {
  readonly file: string;
  readonly pid: number;
  /** Lines that `--ndjson` has printed so far, with our time of their arrival, ms. */
  readonly printed: readonly { readonly line: string; readonly at: number }[];
  readonly said: () => string;
  /** Resolves when it says that it records: from then on nothing is missed. */
  readonly ready: Promise<void>;
  /** Waits for a printed line. */
  readonly line: (wanted: (line: string) => boolean) => Promise<string>;
  /** Signals it, waits, and gives its exit status; -1: killed. */
  readonly end: (signal: NodeJS.Signals) => Promise<number>;
  readonly ended: Promise<number>;
}

export const startRecording = (context: TestContext, file: string, ...words: readonly string[]): Recorded => {
  const child = execa(process.execPath, [MAIN, 'record', '-o', file, '--ndjson', ...words], {
    reject: false,
    stdin: 'ignore',
    buffer: false,
    // Our own end is its end.
    cleanup: true,
  });
  context.after(() => child.kill('SIGKILL'));
  const printed: { line: string; at: number }[] = [];
  let said = '';
  let rest = '';
  const listeners = new Set<() => void>();
  const ended = child.then(({ exitCode }) => exitCode ?? -1);
  let ready: () => void = () => {};
  let unready: (reason: Error) => void = () => {};
  const isReady = new Promise<void>((resolve, reject) => {
    ready = resolve;
    unready = reject;
  });
  // A test that does not wait for it must not fail by it.
  isReady.catch(() => {});
  void ended.then(() => unready(new Error(`record ended: ${said}`)));
  child.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    const at = performance.now();
    for (const line of lines) printed.push({ line, at });
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes('recording to')) ready();
  });
  assert.ok(child.pid !== undefined);
  return {
    file,
    pid: child.pid,
    printed,
    said: () => said,
    ready: isReady,
    ended,
    line: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = printed.find(({ line }) => wanted(line));
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found.line);
        };
        listeners.add(look);
        void ended.then(() => reject(new Error(`record ended: ${said}`)));
        look();
      }),
    end: async (signal) => {
      child.kill(signal);
      return await ended;
    },
  };
};

/** What `vdsowatch replay -o ndjson FILE` prints, and says. */
export const replayLines = async (
  file: string,
  ...words: readonly string[]
): Promise<{ readonly lines: readonly string[]; readonly said: string }> => {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [MAIN, 'replay', '-o', 'ndjson', ...words, file], {
    reject: false,
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  assert.equal(exitCode, 0, stderr);
  return { lines: stdout === '' ? [] : stdout.split('\n'), said: stderr };
};

export const vdsowatch = async (words: readonly string[]) =>
  await execa(process.execPath, [MAIN, ...words], { reject: false, stdin: 'ignore' });
