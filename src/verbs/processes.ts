import type { Command } from 'commander';
import { NEWEST_CRIU } from '../model/verdict.js';
import { type CommonOptions, criuOption, finish, jsonOption, livePidsOf, outputOf, outputOption } from './options.js';

/** Verbs that look at processes as they are now, without bpftrace. */
export const processVerbs = (program: Command): void => {
  program
    .command('ps')
    .description('one census: where the vDSO of every process is; needs no bpftrace')
    .argument('[pid...]', 'of these processes only, and in more depth')
    .addOption(outputOption())
    .addOption(jsonOption())
    .option('--strict', 'exit with 1 when a process is not well')
    .option('--baselines', 'show which processes map which vDSO pages')
    .action(async (words: string[], options: CommonOptions & { strict?: true; baselines?: true }) => {
      const pids = await livePidsOf(words);
      if (pids !== undefined)
        await finish((await import('../commands/ps.js')).run(pids, { ...options, output: outputOf(options) }));
    });

  program
    .command('check')
    .description('before a dump: what CRIU will make of these processes; exit status 1 when one would not survive')
    .argument('<pid...>', 'the processes to be dumped')
    .option('--tree', 'everything below them too, as a dump takes it')
    .option(
      '--criu <version>',
      'forecast for this CRIU (default: the one installed, else the newest known)',
      criuOption,
    )
    .addOption(outputOption())
    .addOption(jsonOption())
    .action(async (words: string[], options: CommonOptions & { tree?: true; criu?: string }) => {
      const pids = await livePidsOf(words);
      if (pids === undefined) return;
      const { run } = await import('../commands/check.js');
      const criu = options.criu ?? (await installed());
      const asked = { criu: criu ?? NEWEST_CRIU, isAssumed: criu === undefined };
      await finish(run(pids, { tree: options.tree === true, ...asked, output: outputOf(options) }));
    });

  program
    .command('capture')
    .description('write an evidence bundle of live processes; --script prints the shell script for hosts without Node')
    .argument('[pid...]', 'the processes to read')
    .option('-o, --output <place>', 'a directory to make, or NAME.tar.gz')
    .option('--script', 'print the POSIX shell version')
    .action(async (words: string[], options: { output?: string; script?: true }) => {
      const pids = await livePidsOf(words);
      if (pids !== undefined) await finish((await import('../commands/capture.js')).run(pids, options));
    });
};

const installed = async (): Promise<string | undefined> => {
  const [{ installedCriu }, { versionText }] = await Promise.all([
    import('../criu/installed.js'),
    import('../judge/criu/version.js'),
  ]);
  const version = await installedCriu();
  return version.ok ? versionText(version.value) : undefined;
};
