import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT } from './model/failure.js';
import { OUTPUT_FORMATS, type OutputFormat } from './report/format.js';

/**
 * argv -> command -> exit status. Commands are imported when they are chosen, so that `--help` loads neither rxjs
 * nor blessed. This is the only file of src/ that reaches ui/, and only for a screen.
 */
/** The newest CRIU whose rules the forecast knows. */
const NEWEST_CRIU = '4.2';

const program = new Command('vdsowatch')
  .description('Shows where the real vDSO of every process is, who moved it, and what a CRIU dump will make of it.')
  .version(version(), '-V, --version')
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vdsowatch: ')) });

program
  .command('watch', { isDefault: true })
  .description('live state of every process, findings and moves as they happen: a screen on a terminal, else lines')
  .addOption(outputOption())
  .option('--json', 'same as -o json: one document a line')
  .option('-p, --pid <pid...>', 'show these processes only')
  .option('--comm <name>', 'show processes of this name only')
  .option('--duration <seconds>', 'stop after this time', secondsOption)
  .option('--no-bpf', 'do without probes: poll /proc')
  .action(async ({ json, output, pid, ...options }: WatchCommand) => {
    const pids = pid === undefined ? undefined : await pidsOf(pid);
    if (pid !== undefined && pids === undefined) return;
    const { run } = await import('./commands/watch.js');
    const format = output ?? (json === true ? 'json' : undefined);
    await finish(
      run({ ...options, pid: pids, output: format }, async (states, controls) =>
        (await import('../ui/app.js')).runScreen(states, controls),
      ),
    );
  });

program
  .command('ps')
  .description('one census: where the vDSO of every process is; needs no bpftrace')
  .argument('[pid...]', 'of these processes only, and in more depth')
  .addOption(outputOption())
  .option('--json', 'same as -o json')
  .option('--strict', 'exit with 1 when a process is not well')
  .option('--baselines', 'show which processes map which vDSO pages')
  .action(async (words: string[], options: CommonOptions & { strict?: true; baselines?: true }) => {
    const pids = await pidsOf(words);
    if (pids !== undefined)
      await finish((await import('./commands/ps.js')).run(pids, { ...options, output: outputOf(options) }));
  });

program
  .command('check')
  .description('before a dump: what CRIU will make of these processes; exit status 1 when one would not survive')
  .argument('<pid...>')
  .option('--tree', 'everything below them too, as a dump takes it', false)
  .option('--criu <version>', 'forecast for this CRIU (default: the one installed, else the newest known)')
  .addOption(outputOption())
  .option('--json', 'same as -o json')
  .action(async (words: string[], options: CommonOptions & { tree: boolean; criu?: string }) => {
    const pids = await pidsOf(words);
    if (pids === undefined) return;
    const criu = options.criu ?? NEWEST_CRIU;
    await finish(
      (await import('./commands/check.js')).run(pids, { tree: options.tree, criu, output: outputOf(options) }),
    );
  });

program
  .command('capture')
  .description('write an evidence bundle of live processes; --script prints the shell script for hosts without Node')
  .argument('[pid...]')
  .option('-o, --output <place>', 'a directory to make, or NAME.tar.gz')
  .option('--script', 'print the POSIX shell version')
  .action(async (words: string[], options: { output?: string; script?: true }) => {
    const pids = await pidsOf(words);
    if (pids !== undefined) await finish((await import('./commands/capture.js')).run(pids, options));
  });

program
  .command('analyze')
  .description('post-mortem of recordings, evidence bundles, CRIU image directories and logs, ELF core files')
  .argument('<path...>', 'any mix of them')
  .addOption(outputOption())
  .option('--json', 'same as -o json')
  .option('--html <file>', 'write a self-contained report page as well')
  .option('--criu <version>', 'forecast for this CRIU', NEWEST_CRIU)
  .action(async (paths: string[], options: CommonOptions & { html?: string; criu: string }) =>
    finish((await import('./commands/analyze.js')).run(paths, { ...options, output: outputOf(options) })),
  );

program
  .command('diff')
  .description('what changed between two moments, and whether the program can notice')
  .argument('<before>', 'bundle, CRIU image directory, recording, core file or live pid')
  .argument('<after>', 'likewise')
  .addOption(outputOption())
  .option('--json', 'same as -o json')
  .action(async (before: string, after: string, options: CommonOptions) => {
    const { run } = await import('./commands/diff.js');
    await finish(run(before, after, { criu: NEWEST_CRIU, output: outputOf(options) }));
  });

program
  .command('schema')
  .description('print the JSON Schemas of what leaves the program')
  .argument('[name]', 'one of them, e.g. vdsowatch/report/1')
  .action(async (name: string | undefined) => finish((await import('./commands/schema.js')).run(name)));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version were asked for: well. Anything else is a usage error, and commander has said which.
  process.exitCode = error.exitCode === 0 ? EXIT.well : EXIT.usage;
}

interface CommonOptions {
  readonly output?: OutputFormat;
  readonly json?: true;
}

interface WatchCommand extends CommonOptions {
  readonly pid?: readonly string[];
  readonly comm?: string;
  readonly duration?: number;
  readonly bpf: boolean;
}

function secondsOption(text: string): number {
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('Seconds are a number, like 10 or 0.5.');
  return Number(text);
}

function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(OUTPUT_FORMATS);
}

function outputOf({ output, json }: CommonOptions): OutputFormat {
  return output ?? (json === true ? 'json' : 'table');
}

/** Undefined: not process ids, and that has been said. */
async function pidsOf(words: readonly string[]): Promise<readonly number[] | undefined> {
  const pids = (await import('./commands/pids.js')).parsePids(words);
  if (pids.ok) return pids.value;
  process.stderr.write(`vdsowatch: ${pids.failure.text} ${pids.failure.mend ?? ''}\n`);
  process.exitCode = EXIT.usage;
  return undefined;
}

async function finish(status: Promise<number>): Promise<void> {
  process.exitCode = await status;
}

/** dist/src/main.js and an installed package both have package.json two folders up. */
function version(): string {
  const text: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof text === 'object' && text !== null && 'version' in text ? String(text.version) : 'unknown';
}
