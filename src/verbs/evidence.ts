import { type Command, InvalidArgumentError } from 'commander';
import { NEWEST_CRIU } from '../model/verdict.js';
import { type CommonOptions, criuOption, finish, jsonOption, outputOf, outputOption } from './options.js';

/** Verbs for what was captured, recorded or dumped before. */
export const evidenceVerbs = (program: Command): void => {
  program
    .command('analyze')
    .description('post-mortem of recordings, evidence bundles, CRIU image directories and logs, ELF core files')
    .argument('<path...>', 'any mix of them')
    .addOption(outputOption())
    .addOption(jsonOption())
    .option('--html <file>', 'write a self-contained report page as well', pageOption)
    .option('--criu <version>', 'forecast for this CRIU', criuOption, NEWEST_CRIU)
    .option('--target <file>', 'restore CRIU images where `doctor --json` wrote this file; "this" for this host')
    .action(async (paths: string[], options: CommonOptions & { html?: string; criu: string; target?: string }) =>
      finish((await import('../commands/analyze.js')).run(paths, { ...options, output: outputOf(options) })),
    );

  program
    .command('diff')
    .description('what changed between two moments, and whether the program can notice')
    .argument('<before>', 'bundle, CRIU image directory, recording, core file or live pid')
    .argument('<after>', 'likewise')
    .addOption(outputOption())
    .addOption(jsonOption())
    .action(async (before: string, after: string, options: CommonOptions) => {
      const { run } = await import('../commands/diff.js');
      await finish(run(before, after, { criu: NEWEST_CRIU, output: outputOf(options) }));
    });
};

/** Standard output has the report; a file called "-" is nobody's wish. */
const pageOption = (text: string): string => {
  if (text === '' || text === '-') throw new InvalidArgumentError('A page goes to a file. Give its name.');
  return text;
};
