import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** First executable of that name on $PATH or in the folders of root's programs, which sudo and cron may leave out. */
export const onPath = (program: string, env: NodeJS.ProcessEnv): string | undefined =>
  [...(env['PATH'] ?? '').split(delimiter), ...ROOTS_FOLDERS]
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, program))
    .find(isExecutable);

const ROOTS_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** By this user; false also where it is not there. */
export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
