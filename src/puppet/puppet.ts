import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import type { Vma } from '../model/vma.js';
import { parseMaps } from '../proc/parse/maps.js';
import type { Abi } from './abi.js';
import { type Channel, openChannel, PuppetGone } from './channel.js';
import { type Answer, dataOffset, decodeFrame, encodeFrame, type Seat } from './frame.js';
import { launch, noAbi } from './launch.js';
import { type Argument, call, copy, type Step } from './step.js';
import type { SyscallName } from './syscalls.js';

/**
 * A test process that does what it is told, system call by system call. Questions to one that has gone reject with
 * PuppetGone.
 */
export interface Puppet {
  readonly abi: Abi;
  /** In the pid namespace of its maker. */
  readonly pid: number;
  /** One system call; its result, a negative errno when it failed. */
  call(number: SyscallName | number, ...args: readonly Argument[]): Promise<bigint>;
  /** Steps back to back, without any I/O between them. */
  run(...steps: readonly Step[]): Promise<Answer>;
  peek(address: bigint, length: number): Promise<Buffer>;
  /** Its mappings now; it is not running while it waits for a question, so one read is whole. */
  maps(): readonly Vma[];
  /** Kills it and waits until it has gone. */
  kill(): Promise<void>;
  readonly gone: Promise<void>;
}

export interface PuppetOptions {
  readonly abi: Abi;
  /** Bytes of its comm, at most 15 count. */
  readonly comm?: Uint8Array;
}

/**
 * Starts a test process. It ends with this process, whatever ends it: the end of its input ends it. Fails when no folder
 * allows to execute a file, or when the kernel does not run the ABI.
 */
export const startPuppet = async (options: PuppetOptions): Promise<Outcome<Puppet>> => {
  const started = await startGround(options.abi);
  return started.ok ? success(await named(puppetOn(started.value), options)) : started;
};

/**
 * A test process for one use, after which it is ended. Fails as `startPuppet` does, and where somebody else ended it
 * meanwhile.
 */
export const withPuppet = async <T>(
  options: PuppetOptions,
  use: (puppet: Puppet) => Promise<T>,
): Promise<Outcome<T>> => {
  const started = await startPuppet(options);
  if (!started.ok) return started;
  try {
    return success(await use(started.value));
  } catch (error) {
    if (!(error instanceof PuppetGone)) throw error;
    return failed(KILLED);
  } finally {
    await started.value.kill();
  }
};

const KILLED = failure('no-process', 'the test process was killed');

/** What a puppet stands on. */
export interface Ground {
  readonly channel: Channel;
  readonly seat: Seat;
  readonly pid: number;
  readonly gone: Promise<void>;
  readonly kill: () => Promise<void>;
  /** To ask its descendants through. */
  readonly sockets: readonly Duplex[];
}

/** `seats`: how many descendants can be asked. Fails as `startPuppet` does. */
export const startGround = async (abi: Abi, seats = 0): Promise<Outcome<Ground>> => {
  const launched = await launch(abi, seats);
  if (!launched.ok) return launched;
  const { child, sockets } = launched.value;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.stdin === null || child.stdout === null || child.pid === undefined) throw new Error('spawn made no pipes');
  const channel = openChannel(child.stdin, child.stdout);
  const greeted = await channel.greeting().then(
    () => true,
    () => false,
  );
  if (!greeted) {
    for (const socket of sockets) socket.destroy();
    return failed(noAbi(abi));
  }
  void gone.then(() => {
    channel.close();
    for (const socket of sockets) socket.destroy();
  });
  return success({
    channel,
    seat: { abi, channel: 0, input: 0, output: 1 },
    pid: child.pid,
    gone,
    sockets,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  });
};

/** The same, with its comm set. */
export const named = async <T extends Puppet>(puppet: T, { comm }: Pick<PuppetOptions, 'comm'>): Promise<T> => {
  if (comm !== undefined) await puppet.call('prctl', PR_SET_NAME, Buffer.concat([comm, Buffer.alloc(1)]));
  return puppet;
};

const PR_SET_NAME = 15n;

/** The process itself. What it is asked after its end is answered by PuppetGone. */
export const puppetOn = ({ channel, seat, pid, gone, kill }: Ground): Puppet => {
  const run = async (...steps: readonly Step[]): Promise<Answer> =>
    decodeFrame(seat.abi, await channel.ask((number) => encodeFrame(seat, number, steps)), steps.length);
  return {
    abi: seat.abi,
    pid,
    gone,
    kill,
    run,
    call: async (number, ...args) => (await run(call(number, ...args))).results[0] ?? 0n,
    peek: async (address, length) => {
      const { frame } = await run(copy(Buffer.alloc(length), address, length));
      return frame.subarray(dataOffset(1), dataOffset(1) + length);
    },
    maps: () => parseMaps(readFileSync(`/proc/${pid}/maps`, 'latin1')).vmas,
  };
};
