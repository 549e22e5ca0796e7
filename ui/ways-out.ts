import type { Input, Output } from './terminal.js';

interface Ways {
  readonly input: Input;
  readonly output: Output;
  readonly leave: () => void;
  readonly enter: () => void;
  /** A signal, or the terminal has gone: the exit status that says so. */
  readonly gone: (status: number) => void;
  /** An exception nobody caught: only give the terminal back, the process is about to die. */
  readonly crash: () => void;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1, SIGQUIT: 3 } as const;
const HUNG_UP = 128 + SIGNALS.SIGHUP;

/**
 * Every way out of the screen but the keys, and suspending. `forget` takes the handlers away again, except those
 * for errors of the terminal's streams: a terminal that has gone fails late, and nobody is left to hear it.
 */
export const waysOut = (ways: Ways): { readonly suspend: () => void; readonly forget: () => void } => {
  const { input, output } = ways;
  const undo: (() => void)[] = [];
  const onProcess = (event: string, handler: () => void): void => {
    process.on(event, handler);
    undo.push(() => process.removeListener(event, handler));
  };

  for (const [signal, number] of Object.entries(SIGNALS)) onProcess(signal, () => ways.gone(128 + number));
  onProcess('uncaughtExceptionMonitor', ways.crash);
  onProcess('exit', ways.crash);

  const hungUp = (): void => ways.gone(HUNG_UP);
  output.on('error', hungUp);
  input.on('error', hungUp);
  // The end of a pipe or a file on stdin says nothing about the terminal.
  if (input.isTTY === true) {
    input.once('end', hungUp);
    undo.push(() => input.removeListener('end', hungUp));
  }

  let stopping = false;
  let forgotten = false;
  /** `who`: 0 is the whole job, as the terminal driver would do it; else one process. */
  const stop = (who: number): void => {
    if (stopping) return;
    stopping = true;
    ways.leave();
    process.removeListener('SIGTSTP', stopped);
    process.kill(who, 'SIGTSTP');
    // This runs when the job goes on, or soon if nobody stopped it (an orphaned job is never stopped).
    setTimeout(() => {
      stopping = false;
      if (forgotten) return;
      process.on('SIGTSTP', stopped);
      ways.enter();
    }, 20);
  };
  const stopped = (): void => stop(process.pid);
  onProcess('SIGTSTP', stopped);
  // Stopped by SIGSTOP, the shell has changed the terminal behind our back.
  onProcess('SIGCONT', () => {
    if (stopping) return;
    ways.leave();
    ways.enter();
  });

  return {
    suspend: () => stop(0),
    forget: () => {
      forgotten = true;
      for (const one of undo) one();
    },
  };
};
