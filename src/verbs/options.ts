import { InvalidArgumentError, Option } from 'commander';
import { EXIT, failed, failure, type Outcome, success } from '../model/failure.js';
import { refuse } from '../report/complain.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../report/output.js';
import { escapeText } from '../text/escape.js';

/** What most verbs take. */
export interface CommonOptions {
  readonly output?: OutputFormat;
  readonly json?: true;
}

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print it; wide: also what a table leaves out').choices(OUTPUT_FORMATS);

export const jsonOption = (): Option => new Option('--json', 'same as -o json');

/** -o goes before --json. */
export const outputOf = ({ output, json }: CommonOptions): OutputFormat => output ?? (json === true ? 'json' : 'table');

/** Parses a number of seconds; commander turns the error into its usage message. */
export const secondsOption = (text: string): number => {
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('Seconds are a number, like 10 or 0.5.');
  return Number(text);
};

/** Parses a CRIU version; forecasts for anything else would be guesses. */
export const criuOption = (text: string): string => {
  if (!/^\d{1,3}(\.\d{1,3}){0,2}$/.test(text)) throw new InvalidArgumentError('A CRIU version is like 4.2 or 3.17.1.');
  return text;
};

/** A control group as /proc/PID/cgroup has it, which is not its place in the file system. */
export const cgroupOption = (text: string): string => {
  if (!text.startsWith('/') || text.startsWith('/sys/fs/cgroup'))
    throw new InvalidArgumentError('A control group is given as in /proc/PID/cgroup, like /kubepods or /system.slice.');
  return text.replace(/\/+$/, '') || '/';
};

/** Undefined: not process ids, and that has been said. */
export const pidsOf = (words: readonly string[]): readonly number[] | undefined => {
  const pids = parsePids(words);
  if (pids.ok) return pids.value;
  process.exitCode = refuse(pids.failure, EXIT.usage);
  return undefined;
};

/** The same of processes that are to be looked at now: a thread is none. */
export const livePidsOf = async (words: readonly string[]): Promise<readonly number[] | undefined> => {
  const pids = pidsOf(words);
  if (pids === undefined || pids.length === 0) return pids;
  const { threadAmong } = await import('../proc/leader.js');
  const thread = threadAmong(pids);
  if (thread === undefined) return pids;
  process.exitCode = refuse(thread, EXIT.usage);
  return undefined;
};

/** Process ids from the command line. */
export const parsePids = (words: readonly string[]): Outcome<readonly number[]> => {
  // The kernel's limit is 2^22 (PID_MAX_LIMIT, include/linux/threads.h); leading zeros are no way to write a pid.
  const wrong = words.find((word) => !/^[1-9]\d{0,9}$/.test(word));
  return wrong === undefined
    ? success(words.map(Number))
    : failed(failure('usage', `"${escapeText(wrong)}" is not a process id.`, 'Give the number that `ps -e` shows.'));
};

/** The status is set and not exited with: what is still to be written is written. */
export const finish = async (status: Promise<number>): Promise<void> => {
  process.exitCode = await status;
};
