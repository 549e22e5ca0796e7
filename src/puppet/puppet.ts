import { readFileSync } from 'node:fs';
import { failed, type Outcome, success } from '../model/failure.js';
import type { Vma } from '../model/vma.js';
import { parseMaps } from '../proc/parse/maps.js';
import type { Abi } from './abi.js';
import type { Channel } from './channel.js';
import { openChannel } from './channel.js';
import { type ExecOptions, execSteps } from './exec.js';
import { type Family, type ForkKind, forkFrom } from './family.js';
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
  /** In the pid namespace of its maker, unless it was vforked into another one. */
  readonly pid: number;
  /** One system call; its result, a negative errno when it failed. */
  call(number: SyscallName | number, ...args: readonly Argument[]): Promise<bigint>;
  /** Steps back to back, without any I/O between them. */
  run(...steps: readonly Step[]): Promise<Answer>;
  peek(address: bigint, length: number): Promise<Buffer>;
  poke(address: bigint, bytes: Uint8Array): Promise<void>;
  /**
   * Another process (or, by flags, a task that shares memory) that is asked by itself. A vforking parent answers after
   * it.
   */
  fork(kind?: ForkKind): Promise<Puppet>;
  /** execve of its own file, or of another puppet file: same pid, new address space. Negative errno when it failed. */
  exec(options?: ExecOptions): Promise<bigint>;
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
  const launched = await launch(options.abi);
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
    return failed(noAbi(options.abi));
  }
  void gone.then(() => {
    channel.close();
    for (const socket of sockets) socket.destroy();
  });
  const puppet = puppetOn({
    channel,
    seat: { abi: options.abi, channel: 0, input: 0, output: 1 },
    pid: child.pid,
    gone,
    family: { sockets, taken: new Set() },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  });
  if (options.comm !== undefined)
    await puppet.call('prctl', PR_SET_NAME, Buffer.concat([options.comm, Buffer.alloc(1)]));
  return success(puppet);
};

const PR_SET_NAME = 15n;

/** What a puppet stands on. */
export interface Ground {
  readonly channel: Channel;
  readonly seat: Seat;
  readonly pid: number;
  readonly gone: Promise<void>;
  readonly kill: () => Promise<void>;
  readonly family: Family;
}

export const puppetOn = (ground: Ground): Puppet => {
  const { channel, pid } = ground;
  let seat = ground.seat;
  const run = async (...steps: readonly Step[]): Promise<Answer> =>
    decodeFrame(seat.abi, await channel.ask((number) => encodeFrame(seat, number, steps)), steps.length);
  const puppet: Puppet = {
    abi: seat.abi,
    pid,
    gone: ground.gone,
    kill: ground.kill,
    run,
    call: async (number, ...args) => (await run(call(number, ...args))).results[0] ?? 0n,
    peek: async (address, length) => {
      const { frame } = await run(copy(Buffer.alloc(length), address, length));
      return frame.subarray(dataOffset(1), dataOffset(1) + length);
    },
    poke: async (address, bytes) => {
      await run(copy(address, bytes, bytes.length));
    },
    fork: (kind = 'fork') => forkFrom(ground, seat, puppet, kind),
    exec: async (options = {}) => {
      const greeting = channel.greeting();
      const failedExec = run(...execSteps(seat, options)).then(({ results }) => results.at(-1) ?? 0n);
      const result = await Promise.race([greeting.then(() => 0n), failedExec]);
      if (result === 0n) seat = { ...seat, channel: 0, input: 0, output: 1 };
      return result;
    },
    maps: () => parseMaps(readFileSync(`/proc/${pid}/maps`, 'latin1')).vmas,
  };
  return puppet;
};
