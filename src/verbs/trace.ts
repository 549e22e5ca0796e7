import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ReplayScreen } from '../commands/replay.js';
import type { Veto } from '../hook/said.js';
import {
  type CommonOptions,
  cgroupOption,
  criuOption,
  finish,
  livePidsOf,
  outputOption,
  pidsOf,
  secondsOption,
} from './options.js';

interface RecordCommand {
  readonly output: string;
  readonly pid?: readonly string[];
  readonly tree?: true;
  readonly comm?: string;
  readonly cgroup?: string;
  readonly duration?: number;
  readonly rotate?: number;
  readonly keep?: number;
  readonly bpf: boolean;
  readonly ndjson?: true;
}

interface ReplayCommand extends CommonOptions {
  readonly pid?: readonly string[];
  readonly comm?: string;
  readonly from?: string;
  readonly until?: string;
  readonly again?: true;
  readonly speed?: number;
}

/** Verbs that make and show recordings. */
export const traceVerbs = (program: Command, screen: ReplayScreen): void => {
  program
    .command('record')
    .description('trace to a file until stopped, or while a command runs, with whose exit status it then ends')
    .requiredOption('-o, --output <file>', 'a new file; compressed when it ends in .gz', fileOption)
    .option('-p, --pid <pid>', 'record this process only; repeatable', collect)
    .option('--tree', 'their descendants too; with a command: what it starts, only')
    .option('--comm <name>', 'record processes of this name only')
    .option('--cgroup <path>', 'record processes of this control group only, as in /proc/PID/cgroup', cgroupOption)
    .option('--duration <seconds>', 'stop after this time', secondsOption)
    .option('--rotate <size>', 'begin another file at this size (10M); the former becomes FILE.1', sizeOption)
    .option('--keep <files>', 'with --rotate: keep so many files, the one being written included (8)', countOption)
    .option('--no-bpf', 'do without probes: poll /proc')
    .option('--ndjson', 'also print what `watch -o ndjson` prints')
    .argument('[command...]', 'after --')
    .passThroughOptions()
    .action(async (command: string[], { pid, ...options }: RecordCommand) => {
      const pids = pid === undefined ? undefined : await livePidsOf(pid);
      if (pid !== undefined && pids === undefined) return;
      const { run } = await import('../commands/record.js');
      await finish(
        run({
          ...options,
          tree: options.tree === true,
          pid: pids,
          command: command.length === 0 ? undefined : command,
        }),
      );
    });

  program
    .command('replay')
    .description('a recording on the same screen, with time, or as the same lines, as when it happened')
    .argument('<file>', '- for standard input')
    .addOption(outputOption())
    .option('--json', 'same as -o json: one document a line')
    .option('-p, --pid <pid>', 'show this process only; repeatable', collect)
    .option('--comm <name>', 'show processes of this name only')
    .option('--from <time>', 'from this time on: +12.5 (seconds), 15:04:05 (UTC), or ISO 8601')
    .option('--until <time>', 'up to this time')
    .option('--again', 'lines as this version says them, not as they were said')
    .option('--speed <factor>', 'of the screen; 1: as fast as it happened', factorOption)
    .action(async (file: string, { json, output, pid, ...options }: ReplayCommand) => {
      const pids = pid === undefined ? undefined : pidsOf(pid);
      if (pid !== undefined && pids === undefined) return;
      const { run } = await import('../commands/replay.js');
      await finish(
        run(file, { ...options, pid: pids, output: output ?? (json === true ? 'json' : undefined) }, screen),
      );
    });

  // In an environment empty is as good as not there; commander takes it for a word.
  if (process.env['VDSOWATCH_VETO'] === '') delete process.env['VDSOWATCH_VETO'];
  program
    .command('hook')
    .description('for `criu --action-script`: look at the tree when it is dumped and restored, and record it')
    .addOption(
      new Option('--veto [what]', 'stop a dump that could not be restored; "loss": or not without a loss')
        .choices(['restore', 'loss'])
        .preset('restore')
        .env('VDSOWATCH_VETO'),
    )
    .addOption(
      new Option('--criu <version>', 'forecast for this CRIU (default: the one that calls)').argParser(criuOption),
    )
    .action(async ({ veto = 'none', criu }: { veto?: Veto; criu?: string }) => {
      // A runtime's checkpoint and restore call a dozen times, most of them with the tree standing still.
      if (!(await import('../hook/call.js')).isIdle(process.env))
        await finish((await import('../commands/hook.js')).run({ veto, criu }));
    });
};

/** For options that may be repeated: one that takes several words would take the file as well. */
const collect = (word: string, before: readonly string[] = []): readonly string[] => [...before, word];

/** CRIU gives an action script its reason in the environment, and no arguments (execvp of the path as it is). */
export const isCriusChild = (): boolean =>
  process.argv.length === 2 && (process.env['CRTOOLS_SCRIPT_ACTION'] ?? '') !== '';

/** Standard output is no place for it: what is written last goes before what was written first. */
const fileOption = (text: string): string => {
  if (text === '' || text === '-') throw new InvalidArgumentError('A recording goes to a file. Give its name.');
  return text;
};

/** "500K", "10M", "1G" or bytes. */
const sizeOption = (text: string): number => {
  const match = /^(\d{1,12})([KMG]?)$/i.exec(text);
  const unit = UNITS.get((match?.[2] ?? '').toUpperCase());
  const size = Number(match?.[1]) * (unit ?? 1);
  if (unit === undefined || !(size >= LEAST)) throw new InvalidArgumentError('A size is like 10M, and at least 64K.');
  return size;
};

const UNITS = new Map([
  ['', 1],
  ['K', 1024],
  ['M', 1024 * 1024],
  ['G', 1024 * 1024 * 1024],
]);
const LEAST = 64 * 1024;

const countOption = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('A number of files is 1 or more.');
  return Number(text);
};

const factorOption = (text: string): number => {
  const factor = Number(text);
  if (!(factor > 0) || !Number.isFinite(factor)) throw new InvalidArgumentError('A factor is a number, like 2 or 0.5.');
  return factor;
};
