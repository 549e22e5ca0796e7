import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly errors: string;
}

/** One run of the compiled program without input, to its end; a run that hangs ends with status null. */
export const runProgram = async (
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly node?: readonly string[] } = {},
): Promise<Ended> => {
  const { node = [], ...rest } = options;
  const child = spawn(process.execPath, [...node, MAIN, ...words], {
    ...rest,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  const [out, errors] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString('utf8');
  });
  const [status] = await once(child, 'close');
  return { status: typeof status === 'number' ? status : null, out: out?.() ?? '', errors: errors?.() ?? '' };
};

/** Long enough for a loaded machine; no test asserts a time. */
const PATIENCE_MS = 60_000;
