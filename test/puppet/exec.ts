import { ABI_FACTS } from '../../src/puppet/abi.js';
import { dataOffset, type Seat } from '../../src/puppet/frame.js';
import { frameAddress } from '../../src/puppet/layout.js';
import { call, type Step } from '../../src/puppet/step.js';

export interface ExecOptions {
  /** Default: its own file, which is long removed. */
  readonly path?: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
}

/** The steps of an exec; a fresh image asks and answers on fds 0 and 1, so a forked one moves its seat there first. */
export const execSteps = (seat: Seat, options: ExecOptions): readonly Step[] => {
  const seats = seat.input === 0 ? [] : [call('dup3', seat.input, 0, 0), call('dup3', seat.output, 1, 0)];
  const { bytes, path, env } = vectors(seat, seats.length + 1, options);
  return [...seats, call('execve', path, bytes, env)];
};

/** argv and envp tables, then all strings, as one piece of data; addresses as the kernel wants them. */
const vectors = (seat: Seat, stepCount: number, options: ExecOptions) => {
  const wordSize = ABI_FACTS[seat.abi].elfClass === 2 ? 8 : 4;
  const args = options.args ?? ['puppet'];
  const env = options.env ?? [];
  const strings = [...args, ...env, options.path ?? '/proc/self/exe'].map((text) => Buffer.from(`${text}\0`));
  const base = frameAddress(seat.channel) + dataOffset(stepCount);
  const tableSize = (args.length + 1 + env.length + 1) * wordSize;
  const addresses: number[] = [];
  let free = base + tableSize;
  for (const text of strings) {
    addresses.push(free);
    free += text.length;
  }
  const table = [...addresses.slice(0, args.length), 0, ...addresses.slice(args.length, args.length + env.length), 0];
  const words = table.map((address) => {
    const word = Buffer.alloc(wordSize);
    word.writeUInt32LE(address);
    return word;
  });
  return {
    bytes: Buffer.concat([...words, ...strings]),
    path: addresses[args.length + env.length] ?? 0,
    env: base + (args.length + 1) * wordSize,
  };
};
