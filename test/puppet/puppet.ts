import { type Outcome, success } from '../../src/model/failure.js';
import { CHANNELS } from '../../src/puppet/layout.js';
import {
  type Puppet as Asked,
  puppetOn as askedOn,
  type Ground,
  named,
  type PuppetOptions,
  startGround,
} from '../../src/puppet/puppet.js';
import { copy } from '../../src/puppet/step.js';
import { type ExecOptions, execSteps } from './exec.js';
import { type ForkKind, forkFrom } from './family.js';

/** What tests ask of a test process beyond what the program does. One that was vforked may be in another pid namespace. */
export interface Puppet extends Asked {
  poke(address: bigint, bytes: Uint8Array): Promise<void>;
  /**
   * Another process (or, by flags, a task that shares memory) that is asked by itself. A vforking parent answers after
   * it.
   */
  fork(kind?: ForkKind): Promise<Puppet>;
  /** execve of its own file, or of another puppet file: same pid, new address space. Negative errno when it failed. */
  exec(options?: ExecOptions): Promise<bigint>;
}

/** As the program starts one, with seats for those that it forks. */
export const startPuppet = async (options: PuppetOptions): Promise<Outcome<Puppet>> => {
  const started = await startGround(options.abi, CHANNELS - 1);
  return started.ok ? success(await named(puppetOn({ ...started.value, taken: new Set() }), options)) : started;
};

/** What a puppet stands on, and which sockets its family has taken: shared by all descendants of one start. */
export interface FamilyGround extends Ground {
  readonly taken: Set<number>;
}

export const puppetOn = (ground: FamilyGround): Puppet => {
  let { seat } = ground;
  let asked = askedOn(ground);
  const puppet: Puppet = {
    ...asked,
    run: (...steps) => asked.run(...steps),
    call: (number, ...args) => asked.call(number, ...args),
    peek: (address, length) => asked.peek(address, length),
    poke: async (address, bytes) => {
      await asked.run(copy(address, bytes, bytes.length));
    },
    fork: (kind = 'fork') => forkFrom(ground, seat, puppet, kind),
    exec: async (options = {}) => {
      const greeting = ground.channel.greeting();
      const failedExec = asked.run(...execSteps(seat, options)).then(({ results }) => results.at(-1) ?? 0n);
      const result = await Promise.race([greeting.then(() => 0n), failedExec]);
      if (result === 0n) {
        seat = { ...seat, channel: 0, input: 0, output: 1 };
        asked = askedOn({ ...ground, seat });
      }
      return result;
    },
  };
  return puppet;
};
