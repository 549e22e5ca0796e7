import type { Command } from 'commander';
import type { Screen } from '../commands/watch.js';
import { say } from '../report/complain.js';
import { type CommonOptions, cgroupOption, finish, livePidsOf, outputOption, secondsOption } from './options.js';

interface WatchCommand extends CommonOptions {
  readonly pid?: readonly string[];
  readonly comm?: string;
  readonly cgroup?: string;
  readonly duration?: number;
  readonly bpf: boolean;
  readonly setup?: true;
}

/** Verbs that follow the running machine. */
export const liveVerbs = (program: Command, screen: Screen): void => {
  program
    .command('watch', { isDefault: true })
    .description('live state of every process, findings and moves as they happen: a screen on a terminal, else lines')
    .addOption(outputOption())
    .option('--json', 'same as -o json: one document a line')
    .option('-p, --pid <pid...>', 'show these processes only')
    .option('--comm <name>', 'show processes of this name only')
    .option('--cgroup <path>', 'watch processes of this control group only, as in /proc/PID/cgroup', cgroupOption)
    .option('--duration <seconds>', 'stop after this time', secondsOption)
    .option('--no-bpf', 'do without probes: poll /proc')
    .option('--setup', 'as root: install bpftrace and mount tracefs first, where they are missing')
    .action(async ({ json, output, pid, setup, bpf, ...options }: WatchCommand) => {
      const pids = pid === undefined ? undefined : await livePidsOf(pid);
      if (pid !== undefined && pids === undefined) return;
      if (bpf) await prepare(setup === true);
      // Before the rest is loaded: attaching takes a second, and this is the first step of it.
      const planning = bpf ? (await import('../bpftrace/plan.js')).planAhead() : undefined;
      try {
        const { run } = await import('../commands/watch.js');
        const format = output ?? (json === true ? 'json' : undefined);
        await finish(run({ ...options, planning, pid: pids, output: format }, screen));
      } finally {
        // Where nobody came for it.
        planning?.stop();
      }
    });
};

/** With consent it brings what is missing; without, it says what to do and goes on. */
const prepare = async (setup: boolean): Promise<void> => {
  const { ensureTools } = await import('../doctor/setup.js');
  const { notes } = await ensureTools({ consent: setup ? 'yes' : 'ask' });
  for (const note of notes) say(note);
};
