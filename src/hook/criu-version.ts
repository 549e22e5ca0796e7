import { execa } from 'execa';
import { parseCriuVersion, versionText } from '../judge/criu/version.js';

/** Asks the CRIU that called us for its version; undefined when it does not say. */
export const versionOf = async (criuPid: number): Promise<string | undefined> => {
  const asked = await execa(`/proc/${criuPid}/exe`, ['--version'], {
    reject: false,
    timeout: 2000,
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
    maxBuffer: 4096,
  });
  const version = parseCriuVersion(asked.stdout);
  return version === undefined ? undefined : versionText(version);
};
