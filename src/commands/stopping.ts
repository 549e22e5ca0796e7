import { constants } from 'node:os';

/** Signals that end a long-running command; it exits with 128 + the number, as a shell would say it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Stopping {
  /** The exit status, once a signal has come. */
  readonly signalled: Promise<number>;
  /** Gives the signals back to Node. */
  readonly release: () => void;
}

/**
 * Turns signals into a wish to stop, so that bpftrace is stopped first. The second one is an order: the process ends
 * at once, and bpftrace by itself, for lack of a reader.
 */
export const listenForSignals = (): Stopping => {
  let resolve: (status: number) => void = () => {};
  const signalled = new Promise<number>((settle) => {
    resolve = settle;
  });
  let wished = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const status = 128 + constants.signals[signal];
    if (wished) process.exit(status);
    wished = true;
    resolve(status);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signalled,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
};
