import { spawn } from 'node:child_process';
import { environmentFor } from '../../src/bpftrace/find.js';
import { type Benchmark, insist, median, quantile, type Row } from './benchmark.js';
import { ended, MAIN, NO_COMPILER, output, pause } from './programs.js';
import { now, onTerminal } from './terminal.js';
import { planHere } from './tracers.js';

/** From the system call to the line and to the cell on the screen. */
export const latency: Benchmark = {
  name: 'latency',
  says:
    'From just before a program moves its vDSO until the new address is read: from the pipe of watch -o ndjson, from\n' +
    'the terminal that watch paints, and from the pipe of a bpftrace alone with the same script. All three watch the\n' +
    'same moves at the same time; lines have to tell every one, the screen most.',
  run: async ({ short, pairs, programs: { storm } }) => {
    if (storm === undefined) return NO_COMPILER;
    const plan = await planHere();
    if (typeof plan === 'string') return { notMeasured: plan };
    const watch = [process.execPath, MAIN, 'watch'];
    const sides: Readonly<Record<string, Reader>> = {
      bpftrace: reader([plan.bpftrace.path, '-f', 'json', '--no-warnings', '-'], {
        input: plan.main.text,
        env: environmentFor(plan.bpftrace),
        as: (address) => ` 0 ${address} `,
        ready: '"@emitted"',
      }),
      lines: reader([...watch, '-o', 'ndjson'], { as: hexadecimal, ready: '"mode":"ebpf"' }),
      // Of a shortened run nobody takes figures, and it may meet a machine that has other things to do.
      screen: await screenReader(storm, watch, short ? 0.2 : 0.5),
    };
    try {
      for (const { ready } of Object.values(sides)) await ready();
      await pause(short ? 500 : 3000);
      const found = new Map<string, (readonly number[])[]>();
      for (let pair = 0; pair < pairs; pair++) {
        // Slower than a process is read again (a tenth of a second): every place is to reach its cell.
        const moves = (await output(storm, ['paced', short ? '4' : '40', '250000'])).trim().split('\n');
        await pause(500);
        for (const [side, { delays }] of Object.entries(sides))
          found.set(side, [...(found.get(side) ?? []), await delays(moves.map(moveOf))]);
      }
      const of = (side: string, share: number): number =>
        share > 0.9
          ? quantile((found.get(side) ?? []).flat(), share)
          : median((found.get(side) ?? []).map((delays) => quantile(delays, share)));
      const rows: Row[] = [];
      for (const [what, side] of [
        ['system call to line', 'lines'],
        ['system call to cell of the table', 'screen'],
      ] as const)
        for (const [name, share, room] of [
          ['p50', 0.5, 60],
          ['p99', 0.99, 150],
        ] as const) {
          const theirs = of('bpftrace', share);
          rows.push({
            what: `${what}, ${name}`,
            ours: of(side, share),
            theirs,
            unit: 'ms',
            against: 'bpftrace into a pipe',
            reach: { ours: theirs + room },
          });
        }
      return rows;
    } finally {
      for (const { stop } of Object.values(sides)) await stop();
    }
  },
};

interface Move {
  readonly to: bigint;
  /** ms of process.hrtime's clock. */
  readonly at: number;
}

const moveOf = (line: string): Move => {
  const [address = '', at = ''] = line.split(' ');
  return { to: BigInt(`0x${address}`), at: Number(at) / 1e6 };
};

const hexadecimal = (address: bigint): string => `0x${address.toString(16)}`;

/** Other things may go on on this machine. */
const patiently = async (done: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !done(); turn++) await pause(50);
};

interface Reader {
  readonly ready: () => Promise<void>;
  /** ms from each move to the moment its new address was read. */
  readonly delays: (moves: readonly Move[]) => Promise<readonly number[]>;
  readonly stop: () => Promise<void>;
}

const start = ([file = '', ...args]: readonly string[], env: object) => {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  return {
    child,
    until: async (ready: () => boolean): Promise<void> => {
      while (!ready()) {
        if (child.exitCode !== null) throw new Error(`${file} ${args.join(' ')} ended before it was ready`);
        await pause(50);
      }
    },
    stop: async (): Promise<void> => {
      child.kill('SIGINT');
      await ended(child);
    },
  };
};

/** Reads what a program prints and remembers when each piece came. */
const reader = (
  command: readonly string[],
  { as, ready, input, env = {} }: { as: (address: bigint) => string; ready: string; input?: string; env?: object },
): Reader => {
  const { child, until, stop } = start(command, env);
  let text = '';
  let pieces: { readonly from: number; readonly at: number }[] = [];
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    pieces.push({ from: text.length, at: now() });
    text += chunk;
  });
  if (input !== undefined) child.stdin.end(input);
  return {
    ready: () => until(() => text.includes(ready)),
    delays: async (moves) => {
      await patiently(() => moves.every(({ to }) => text.includes(as(to))));
      const delays = moves.map(({ to, at }) => {
        const place = text.indexOf(as(to));
        insist(place >= 0, `${command.join(' ')} did not show the move to ${hexadecimal(to)}`);
        return (pieces.filter(({ from }) => from <= place).at(-1)?.at ?? Number.NaN) - at;
      });
      text = '';
      pieces = [];
      return delays;
    },
    stop,
  };
};

/**
 * The screen, without its list of events: when was an address first in the line of a process called storm? `share`: of
 * the addresses that have to be seen.
 */
const screenReader = async (storm: string, watch: readonly string[], share: number): Promise<Reader> => {
  const terminal = await onTerminal(storm, watch);
  const seen = new Map<string, number>();
  terminal.painted((lines, at) => {
    for (const line of lines.filter((text) => text.includes(' storm ')))
      for (const [address] of line.matchAll(/\b[0-9a-f]{12}\b/g)) if (!seen.has(address)) seen.set(address, at);
  });
  return {
    ready: async () => {
      await terminal.until(([first]) => first?.includes('ebpf') === true);
      // The list of events whole, then away; only processes called storm.
      terminal.press('ee/storm\r');
      await terminal.until(([, second]) => second?.includes('/storm') === true);
    },
    delays: async (moves) => {
      await patiently(() => seen.has(moves.at(-1)?.to.toString(16) ?? ''));
      // On a busy machine a process may move on before its row is painted.
      const shown = moves.flatMap(({ to, at }) => {
        const when = seen.get(to.toString(16));
        return when === undefined ? [] : [when - at];
      });
      insist(shown.length >= moves.length * share, `the screen showed ${shown.length} of ${moves.length} places`);
      return shown;
    },
    stop: terminal.stop,
  };
};
