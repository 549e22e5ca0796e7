import { existsSync, readFileSync } from 'node:fs';
import { onPath } from '../bpftrace/find.js';

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
  /** First executable of that name on $PATH or in the folders of root's programs. */
  find(program: string): string | undefined;
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
  find: (program) => onPath(program, process.env),
});
