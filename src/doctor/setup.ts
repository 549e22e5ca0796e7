import { createInterface } from 'node:readline/promises';
import { execa } from 'execa';
import { MOUNT_TRACEFS, tracefsPlace } from './checks/kernel.js';
import { localMachine, type Machine } from './machine.js';
import { asShell, installSteps } from './packages.js';

export interface SetupOptions {
  /** yes: --setup was given; ask: prompt where there is a terminal, else only say what to do; no: only say it. */
  readonly consent: 'yes' | 'ask' | 'no';
  readonly machine?: Machine;
  /** Runs one command with its output on stderr; its exit status. */
  readonly run?: (step: readonly string[]) => Promise<number>;
  readonly ask?: (question: string) => Promise<boolean>;
}

export interface SetupResult {
  /** bpftrace is there and tracefs is mounted, now. */
  readonly ready: boolean;
  /** What was done, and what was not with the command for it: one sentence each, for stderr. */
  readonly notes: readonly string[];
}

/**
 * Brings what live tracing needs: bpftrace by the system's package manager, tracefs by a mount; as root, and with
 * consent only. Without it each note says the exact command. It never fails: without them /proc is polled.
 */
export const ensureTools = async (options: SetupOptions): Promise<SetupResult> => {
  const machine = options.machine ?? localMachine();
  const notes: string[] = [];
  for (const need of needs(machine)) {
    if (need.steps === undefined) {
      notes.push(`${need.what}: no package manager is known here. Install bpftrace 0.17 or later.`);
      continue;
    }
    const command = asShell(machine, need.steps);
    if (machine.uid !== 0) notes.push(`${need.what}: as root, run: ${command}`);
    else if (await agreed(options, `${need.what}. Run now: ${command}`))
      notes.push(await carryOut(need, need.steps, options));
    else notes.push(`${need.what}: run: ${command}   (or vdsowatch doctor --setup)`);
  }
  return { ready: needs(machine).length === 0, notes };
};

interface Need {
  readonly what: string;
  readonly done: string;
  readonly steps: readonly (readonly string[])[] | undefined;
}

const needs = (machine: Machine): readonly Need[] => [
  ...(machine.env['VDSOWATCH_BPFTRACE'] === undefined && machine.find('bpftrace') === undefined
    ? [{ what: 'bpftrace is not installed', done: 'bpftrace has been installed.', steps: installSteps(machine) }]
    : []),
  ...(tracefsPlace(machine) === undefined && machine.uid === 0
    ? [{ what: 'tracefs is not mounted', done: 'tracefs has been mounted.', steps: [MOUNT_TRACEFS] }]
    : []),
];

const agreed = async ({ consent, ask = askYesNo }: SetupOptions, question: string): Promise<boolean> =>
  consent === 'yes' || (consent === 'ask' && (await ask(question)));

const carryOut = async (
  need: Need,
  steps: readonly (readonly string[])[],
  { run = runToStderr }: SetupOptions,
): Promise<string> => {
  for (const step of steps) {
    const status = await run(step);
    if (status !== 0) return `${need.what}: ${step.join(' ')} failed with status ${status}`;
  }
  return need.done;
};

/** stdout stays free for what was asked for. */
const runToStderr = async ([program = '', ...args]: readonly string[]): Promise<number> => {
  const { exitCode } = await execa(program, args, {
    reject: false,
    stdin: 'ignore',
    stdout: process.stderr,
    stderr: 'inherit',
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  return exitCode ?? 127;
};

/** Asks on stderr; no where nobody can answer (no terminal on either), at the end of input, and for anything but yes. */
const askYesNo = async (question: string): Promise<boolean> => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-C is no answer: readline takes it, and without this it would be a no.
    lines.once('SIGINT', () => {
      lines.close();
      process.kill(process.pid, 'SIGINT');
    });
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
};
