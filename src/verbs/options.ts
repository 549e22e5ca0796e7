import { InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../model/failure.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../report/format.js';

/** The newest CRIU whose rules the forecast knows. */
export const NEWEST_CRIU = '4.2';

/** What most verbs take. */
export interface CommonOptions {
  readonly output?: OutputFormat;
  readonly json?: true;
}

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print it').choices(OUTPUT_FORMATS);

export const jsonOption = (): Option => new Option('--json', 'same as -o json');

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

/** Undefined: not process ids, and that has been said. */
export const pidsOf = async (words: readonly string[]): Promise<readonly number[] | undefined> => {
  const pids = (await import('../commands/pids.js')).parsePids(words);
  if (pids.ok) return pids.value;
  (await import('../report/complain.js')).complain(pids.failure);
  process.exitCode = EXIT.usage;
  return undefined;
};

export const finish = async (status: Promise<number>): Promise<void> => {
  process.exitCode = await status;
};
