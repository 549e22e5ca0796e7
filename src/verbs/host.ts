import type { Command } from 'commander';
import { type CommonOptions, finish, jsonOption, outputOf, outputOption } from './options.js';

/** Verbs about this host and about the program itself. */
export const hostVerbs = (program: Command): void => {
  program
    .command('hint')
    .description('does the name [vdso] follow a moved vDSO on this kernel, and which check would each CRIU use')
    .addOption(outputOption())
    .addOption(jsonOption())
    .action(async (options: CommonOptions) =>
      finish((await import('../commands/hint.js')).run({ output: outputOf(options) })),
    );

  program
    .command('doctor')
    .description('what works here, what does not, and the command that mends it')
    .addOption(outputOption())
    .addOption(jsonOption())
    .option('--setup', 'as root: install bpftrace and mount tracefs first, where they are missing')
    .action(async (options: CommonOptions & { setup?: true }) =>
      finish((await import('../commands/doctor.js')).run({ output: outputOf(options), setup: options.setup })),
    );

  program
    .command('schema')
    .description('print the JSON Schemas of what leaves the program')
    .argument('[name]', 'one of them, e.g. vdsowatch/report/1')
    .action(async (name: string | undefined) => finish((await import('../commands/schema.js')).run(name)));
};
