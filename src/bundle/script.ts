import { readFileSync } from 'node:fs';
import { failed, failure, type Outcome, success } from '../model/failure.js';

/**
 * The script that `capture --script` prints: the same bundle as `capture` writes, made by a POSIX shell. Kept to what
 * dash, bash and busybox sh of the last fifteen years agree on: no local, no arrays, octal bytes of od for 64-bit words.
 * src/ of this package is beside dist/, in a checkout as where it is installed.
 */
const FILE = new URL('../../../src/bundle/capture.sh', import.meta.url);

/** The script that `capture --script` prints. Fails where the package lacks it. */
export const captureScript = (file = FILE): Outcome<string> => {
  try {
    return success(readFileSync(file, 'utf8'));
  } catch (error) {
    const text = 'the file src/bundle/capture.sh of vdsowatch is missing';
    return failed(failure('bad-input', text, 'install it again', error));
  }
};
