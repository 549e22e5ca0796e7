import { spawn } from 'node:child_process';
import { environmentFor } from '../../src/bpftrace/find.js';
import { type Benchmark, insist, median, quantile, type Row } from './benchmark.js';
import { ended, MAIN, NO_COMPILER, output, pause } from './programs.js';
import { planHere } from './tracers.js';

/** From the system call to the line and to the cell on the screen. */
export const latency: Benchmark = {
  name: 'latency',
  says:
    'From just before a program moves its vDSO until the new address is read: from the pipe of watch -o ndjson, from\n' +
    'the terminal that watch paints, and from the pipe of a bpftrace alone with the same script. All three watch the\n' +
    'same moves at the same time, and each has to show every one.',
  run: async ({ short, pairs, programs: { storm } }) => {
    if (storm === undefined) return NO_COMPILER;
    const plan = await planHere();
    if (typeof plan === 'string') return { notMeasured: plan };
    const watch = [process.execPath, MAIN, 'watch'];
    const hexadecimal = (address: bigint): string => `0x${address.toString(16)}`;
    const sides: Readonly<Record<string, Reader>> = {
      bpftrace: reader([plan.bpftrace.path, '-f', 'json', '--no-warnings', '-'], {
        input: plan.main.text,
        env: environmentFor(plan.bpftrace),
        as: (address) => ` 0 ${address} `,
        ready: '"@emitted"',
      }),
      lines: reader([...watch, '-o', 'ndjson'], { as: hexadecimal, ready: '"mode":"ebpf"' }),
      screen: reader([storm, 'pty', '200x50', ...watch], { as: hexadecimal, ready: 'ebpf' }),
    };
    try {
      for (const { ready } of Object.values(sides)) await ready();
      await pause(short ? 500 : 3000);
      const found = new Map<string, (readonly number[])[]>();
      for (let pair = 0; pair < pairs; pair++) {
        const moves = (await output(storm, ['paced', short ? '10' : '100', '45000'])).trim().split('\n');
        await pause(500);
        for (const [side, { delays }] of Object.entries(sides))
          found.set(side, [...(found.get(side) ?? []), delays(moves.map(moveOf))]);
      }
      const of = (side: string, share: number): number =>
        median((found.get(side) ?? []).map((delays) => quantile(delays, share)));
      const rows: Row[] = [];
      for (const [what, side] of [
        ['system call to line', 'lines'],
        ['system call to cell on the screen', 'screen'],
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

interface Reader {
  readonly ready: () => Promise<void>;
  /** ms from each move to the moment its new address was read. */
  readonly delays: (moves: readonly Move[]) => readonly number[];
  readonly stop: () => Promise<void>;
}

/** Reads what a program prints and remembers when each piece came. */
const reader = (
  [file = '', ...args]: readonly string[],
  { as, ready, input, env }: { as: (address: bigint) => string; ready: string; input?: string; env?: object },
): Reader => {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TERM: 'xterm-256color', ...env },
  });
  let text = '';
  let pieces: { readonly from: number; readonly at: number }[] = [];
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    pieces.push({ from: text.length, at: Number(process.hrtime.bigint()) / 1e6 });
    text += chunk;
  });
  if (input !== undefined) child.stdin.end(input);
  return {
    ready: async () => {
      while (!text.includes(ready)) {
        if (child.exitCode !== null) throw new Error(`${file} ended before it was ready`);
        await pause(50);
      }
    },
    delays: (moves) => {
      const delays = moves.map(({ to, at }) => {
        const place = text.indexOf(as(to));
        insist(place >= 0, `${args.join(' ')} did not show the move to ${to.toString(16)}`);
        return (pieces.filter(({ from }) => from <= place).at(-1)?.at ?? Number.NaN) - at;
      });
      text = '';
      pieces = [];
      return delays;
    },
    stop: async () => {
      child.stdin.end();
      child.kill(args[0] === 'pty' ? 'SIGTERM' : 'SIGINT');
      await ended(child);
    },
  };
};
