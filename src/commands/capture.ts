import { captureScript } from '../bundle/script.js';
import { stampNow } from '../bundle/taken.js';
import { checkTarget, isArchive, manifest, writeBundle } from '../bundle/write.js';
import { type BundleFile, collectProcess } from '../bundle/write-collect.js';
import { hintOf, testAllAbis } from '../hint/examine.js';
import type { Unread } from '../model/evidence.js';
import { EXIT, type Failure, failure } from '../model/failure.js';
import { procFiles } from '../proc/files.js';
import { type ProcContext, procContext, readLocalHost } from '../proc/host.js';
import { noProcess } from '../proc/no-process.js';
import { NOT_READABLE } from '../proc/unread.js';
import { complain, refuse, say } from '../report/complain.js';
import { standardOutput } from '../report/output.js';
import { escapeText } from '../text/escape.js';
import { listenForSignals } from './stopping.js';

export interface CaptureOptions {
  /** A directory to make, or an archive: NAME.tar.gz. */
  readonly output?: string | undefined;
  /** Print the shell script that does the same on a host without Node. */
  readonly script?: boolean | undefined;
}

/** `vdsowatch capture PID... -o DIR`: an evidence bundle of live processes; `--script` prints its shell twin. */
export const run = async (pids: readonly number[], options: CaptureOptions): Promise<number> => {
  if (options.script === true) return printScript(pids.length > 0 || options.output !== undefined);
  const target = targetOf(pids, options.output);
  if (typeof target === 'number') return target;

  const files = procFiles();
  const local = readLocalHost(files, hintOf(await testAllAbis()));
  const proc = procContext(files, local);
  const from = stampNow(proc.clock);
  const { captured, problems, collect } = collector(proc);
  // One process at a time is in memory: each is read when the one before has been written.
  function* collected(first: readonly BundleFile[], rest: readonly number[]): Generator<BundleFile> {
    yield* first;
    for (const pid of rest) yield* collect(pid);
  }
  // Nothing is written for nobody: the first that can be read opens the bundle.
  const wanted = [...new Set(pids)];
  let first: readonly BundleFile[] = [];
  while (first.length === 0 && wanted.length > 0) first = collect(wanted.shift() ?? 0);
  if (first.length > 0) {
    const seen = local.privileged ? 'Page frames are shown.' : 'Page frames are hidden from this reader.';
    const note = `Read from /proc by vdsowatch capture. ${seen}`;
    const last = (): BundleFile => manifest(local.host, { from, until: stampNow(proc.clock) }, note);
    const stop = stopping(target);
    const written = await writeBundle(target, last, collected(first, wanted), stop.signal);
    const stopped = stop.status();
    if (stopped !== undefined && !written.ok) return stopped;
    problems.forEach(complain);
    if (!written.ok) return refuse(written.failure);
    const count = captured.length;
    say(`${count === 1 ? 'one process' : `${count} processes`} captured in ${escapeText(target)}`);
  } else problems.forEach(complain);
  return problems.length > 0 ? EXIT.cannotRun : EXIT.well;
};

/** `asked`: for more than the script. */
const printScript = (asked: boolean): number => {
  if (asked) {
    say(
      '--script prints a script, which takes -o and process ids itself. Redirect it: `vdsowatch capture --script > capture.sh`.',
    );
    return EXIT.usage;
  }
  const script = captureScript();
  if (!script.ok) return refuse(script.failure);
  standardOutput().write(script.value);
  return EXIT.well;
};

/** Where to write; or the exit status when nothing can be written there, told why. */
const targetOf = (pids: readonly number[], target: string | undefined): string | number => {
  if (pids.length === 0) return usage('No process was given.');
  if (target === undefined) return usage('Where to write the bundle was not given.');
  if (OTHER_ARCHIVES.test(target)) return usage(`${escapeText(target)} is no archive of the kind that is written.`);
  if (target === '' || target === '-') return usage('A bundle is a directory or an archive.');
  const refused = checkTarget(target);
  return refused === undefined ? target : refuse(refused);
};

/** Reads processes, and remembers who was read and who could not be. */
const collector = (proc: ProcContext) => {
  const captured: number[] = [];
  const problems: Failure[] = [];
  const collect = (pid: number): readonly BundleFile[] => {
    const found = collectProcess(pid, proc);
    if ('why' in found) {
      problems.push(cannotCapture(pid, found));
      return [];
    }
    captured.push(pid);
    return found;
  };
  return { captured, problems, collect };
};

/** An archive is written in turns, in which a signal is heard; a directory without its bundle.json is no bundle. */
const stopping = (target: string) => {
  const stop = new AbortController();
  let status: number | undefined;
  void (isArchive(target) ? listenForSignals().signalled : NEVER).then((signalled) => {
    status = signalled;
    stop.abort();
  });
  return { signal: stop.signal, status: () => status };
};

/** Somebody who gives such a name does not want a directory called so. */
const OTHER_ARCHIVES = /\.(?:tar|zip|7z|tar\.(?!gz$)\w+|tbz2?|txz)$/;

const NEVER = new Promise<number>(() => {});

const cannotCapture = (pid: number, { what, why, detail }: Unread): Failure => {
  if (why === 'gone') return noProcess(pid);
  if (why === 'denied') return failure('no-privilege', `Process ${pid} may not be read by this user.`, NOT_READABLE);
  return failure('unreadable', `Process ${pid} could not be read (${what}: ${escapeText(detail)}).`, 'Try again.');
};

const usage = (text: string): number => {
  say(`${text} Usage: vdsowatch capture PID... -o DIR (or -o NAME.tar.gz)`);
  return EXIT.usage;
};
