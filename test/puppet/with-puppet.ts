import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Abi, candidateAbis } from '../../src/puppet/abi.js';
import type { PuppetOptions } from '../../src/puppet/puppet.js';
import { type Puppet, startPuppet } from './puppet.js';

const started = async (options: PuppetOptions): Promise<Puppet> => {
  const outcome = await startPuppet(options);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.failure.text);
  return outcome.value;
};

/** A test process for the length of `act`. */
export const withPuppet = async <T>(options: PuppetOptions, act: (puppet: Puppet) => Promise<T>): Promise<T> => {
  const puppet = await started(options);
  try {
    return await act(puppet);
  } finally {
    await puppet.kill();
  }
};

/** A test process until the end of the test. */
export const puppetFor = async (context: TestContext, options: PuppetOptions = { abi: 'x86_64' }): Promise<Puppet> => {
  const puppet = await started(options);
  context.after(() => puppet.kill());
  return puppet;
};

/** `act` with a test process of each ABI that this kernel runs; one at least it must. */
export const withEach =
  (act: (puppet: Puppet, abi: Abi) => Promise<void>, options: Omit<PuppetOptions, 'abi'> = {}) =>
  async (): Promise<void> => {
    let ran = 0;
    for (const abi of candidateAbis()) {
      const outcome = await startPuppet({ ...options, abi });
      if (!outcome.ok) {
        assert.equal(outcome.failure.kind, 'no-abi');
        continue;
      }
      ran += 1;
      try {
        await act(outcome.value, abi);
      } finally {
        await outcome.value.kill();
      }
    }
    assert.ok(ran > 0, 'no ABI of this machine runs');
  };
