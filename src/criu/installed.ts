import { execa } from 'execa';
import { type CriuVersion, parseCriuVersion } from '../judge/criu/version.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';

/** Asks an installed CRIU (`criu` on the PATH, or a path) which version it is. Takes milliseconds and changes nothing. */
export const installedCriu = async (program = 'criu'): Promise<Outcome<CriuVersion>> => {
  const {
    stdout,
    failed: broken,
    code,
  } = await execa(program, ['--version'], { reject: false, timeout: 5000, stdin: 'ignore' });
  const version = parseCriuVersion(stdout);
  if (version !== undefined) return success(version);
  const name = escapeText(program);
  if (code === 'ENOENT')
    return failed(
      failure(
        'unreadable',
        `${name} is not installed.`,
        'Install it: `apt install criu` (Debian 13 or later has 4.1.1).',
      ),
    );
  return failed(
    failure(
      'unreadable',
      `${name} --version ${broken ? 'fails' : 'prints no version'}.`,
      `Run ${name} --version to see why.`,
    ),
  );
};
