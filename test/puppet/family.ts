import { codeOf } from '../../src/model/failure.js';
import type { Abi } from '../../src/puppet/abi.js';
import { openChannel, PuppetGone } from '../../src/puppet/channel.js';
import { type Seat, serve } from '../../src/puppet/frame.js';
import { call, type Step } from '../../src/puppet/step.js';
import { type FamilyGround, type Puppet, puppetOn } from './puppet.js';
import { split } from './step.js';

/** How a task is made: a plain fork, a vfork, or clone with these flags (SIGCHLD is not added). */
export type ForkKind = 'fork' | 'vfork' | { readonly flags: bigint };

const CLONE_VM = 0x100n;
const CLONE_FILES = 0x400n;
const CLONE_VFORK = 0x4000n;
const CLONE_THREAD = 0x10000n;
const SIGCHLD = 17n;
const PR_SET_PDEATHSIG = 1n;
const SIGKILL = 9n;
const WALL = 0x40000000n;

/**
 * Makes a task that is asked by itself. Rejects with the errno in its message when the kernel refuses. Tasks that share
 * memory run on the same stack, which only called functions use.
 */
export const forkFrom = async (ground: FamilyGround, seat: Seat, parent: Puppet, kind: ForkKind): Promise<Puppet> => {
  const { sockets, taken } = ground;
  const free = sockets.findIndex((_, index) => !taken.has(index));
  const socket = sockets[free];
  if (socket === undefined) throw new Error('a test process has no more seats for forked ones');
  taken.add(free);
  const fd = 3 + free;
  const own: Seat = { abi: seat.abi, channel: 1 + free, input: fd, output: fd };
  const flags = kind === 'fork' ? SIGCHLD : kind === 'vfork' ? CLONE_VM | CLONE_VFORK | SIGCHLD : kind.flags;
  const channel = openChannel(socket, socket);
  const answered = parent.run(...forkSteps(seat, own, kind, flags)).then(({ results }) => results[0] ?? 0n);
  const seated = { ...ground, channel, seat: own };
  const greeted = puppetOn({ ...seated, pid: 0, gone: channel.closed, kill: async () => {} }).call('getpid');
  const waits = (flags & CLONE_VFORK) !== 0n;
  const made = await Promise.race([answered, greeted]);
  if (made < 0n) {
    channel.close();
    throw new Error(`the kernel refused to make a task: errno ${-made}`);
  }
  const inside = await greeted;
  const pid = Number(waits ? inside : await answered);
  // Where nobody waits for it any more, a parent that has gone is no error.
  answered.catch(() => {});
  const isThread = (flags & CLONE_THREAD) !== 0n;
  const puppet: Puppet = puppetOn({
    ...seated,
    pid,
    gone: channel.closed,
    kill: async () => {
      if (isThread) puppet.call('exit', 0).catch(() => {});
      else {
        killUnreaped(pid);
        await parent.call('wait4', pid, 0, WALL, 0).catch(ignoreGone);
      }
      channel.close();
    },
  });
  return puppet;
};

const forkSteps = (seat: Seat, own: Seat, kind: ForkKind, flags: bigint): readonly Step[] => {
  const sharesFiles = (flags & CLONE_FILES) !== 0n;
  const isThread = (flags & CLONE_THREAD) !== 0n;
  // Ends with its maker; and holds no seat but its own, so that the end of each is seen.
  const child: readonly Step[] = [
    ...(isThread ? [] : [call('prctl', PR_SET_PDEATHSIG, SIGKILL)]),
    ...(sharesFiles ? [] : [call('close', seat.input), call('close', seat.output)]),
    serve(own, 0),
  ];
  return [
    makeTask(seat.abi, 1 + child.length, kind, flags),
    ...child,
    ...(sharesFiles ? [] : [call('close', own.input)]),
  ];
};

const makeTask = (abi: Abi, parentStep: number, kind: ForkKind, flags: bigint): Step =>
  typeof kind === 'string' && abi !== 'aarch64'
    ? split(parentStep, kind)
    : split(parentStep, 'clone', flags, 0, 0, 0, 0);

/** Its parent has not reaped it, so the pid is still its own. */
const killUnreaped = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
};

const ignoreGone = (error: unknown): void => {
  if (!(error instanceof PuppetGone)) throw error;
};
