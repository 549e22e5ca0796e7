import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';

/** What the checks ask of the machine; a test gives a made-up one. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id. */
  readonly uid: number | undefined;
  readonly nodeVersion: string;
  readonly terminal: {
    readonly isTTY: boolean;
    readonly columns: number | undefined;
    readonly rows: number | undefined;
  };
  /** Text of a small file as latin1; undefined when it cannot be read. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  /** First executable of that name on $PATH. */
  find(program: string): string | undefined;
  /** Runs a program to its end without input; never throws. */
  run(program: string, args: readonly string[], seconds: number): Promise<Ran>;
}

export interface Ran {
  /** Undefined: it could not be started, was killed, or took too long. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export const localMachine = (): Machine => ({
  env: process.env,
  uid: process.geteuid?.(),
  nodeVersion: process.versions.node,
  terminal: { isTTY: process.stdout.isTTY === true, columns: process.stdout.columns, rows: process.stdout.rows },
  read: (path) => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return undefined;
    }
  },
  exists: existsSync,
  find: (program) =>
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, program))
      .find(isExecutable),
  run: async (program, args, seconds) => {
    const { exitCode, stdout, stderr } = await execa(program, args, {
      reject: false,
      stdin: 'ignore',
      timeout: seconds * 1000,
      killSignal: 'SIGTERM',
      forceKillAfterDelay: 10_000,
      maxBuffer: 1_000_000,
      encoding: 'latin1',
    });
    return { exitCode, stdout, stderr };
  },
});

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
