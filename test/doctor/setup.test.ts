import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureTools } from '../../src/doctor/setup.js';
import { fakeMachine } from './fake-machine.js';

/** A machine on which steps that are run take effect, and the list of them. */
const bare = (change: { uid?: number; manager?: string; status?: number } = {}) => {
  const ran: string[] = [];
  let installed = false;
  let mounted = false;
  const machine = fakeMachine({
    uid: change.uid ?? 0,
    env: {},
    exists: () => mounted,
    find: (program) =>
      program === (change.manager ?? 'apt-get') || (program === 'bpftrace' && installed)
        ? `/usr/bin/${program}`
        : undefined,
  });
  const run = async (step: readonly string[]): Promise<number> => {
    ran.push(step.join(' '));
    if (change.status !== undefined) return change.status;
    installed ||= step.includes('bpftrace');
    mounted ||= step[0] === 'mount';
    return 0;
  };
  return { machine, run, ran };
};

test('with consent: installs, mounts, and is ready', async () => {
  const { machine, run, ran } = bare();
  const result = await ensureTools({ consent: 'yes', machine, run });
  assert.deepEqual(ran, [
    'apt-get update',
    'apt-get install --yes --no-install-recommends bpftrace',
    'mount -t tracefs tracefs /sys/kernel/tracing',
  ]);
  assert.deepEqual(result, { ready: true, notes: ['bpftrace has been installed.', 'tracefs has been mounted.'] });
});

test('without consent: runs nothing and says the exact command', async () => {
  const { machine, run, ran } = bare({ manager: 'dnf' });
  for (const consent of ['no', 'ask'] as const) {
    const result = await ensureTools({ consent, machine, run, ask: async () => false });
    assert.equal(result.ready, false);
    assert.match(result.notes[0] ?? '', /run: dnf install -y bpftrace/);
    assert.match(result.notes[1] ?? '', /run: mount -t tracefs/);
  }
  assert.deepEqual(ran, []);
});

test('a yes at the prompt is consent, and the question shows the command', async () => {
  const { machine, run, ran } = bare({ manager: 'apk' });
  const asked: string[] = [];
  const ask = async (question: string): Promise<boolean> => {
    asked.push(question);
    return question.includes('apk add bpftrace');
  };
  const result = await ensureTools({ consent: 'ask', machine, run, ask });
  assert.deepEqual(ran, ['apk add bpftrace']);
  assert.equal(asked.length, 2);
  assert.equal(result.ready, false);
});

test('not root: never runs anything, not even with consent', async () => {
  const { machine, run, ran } = bare({ uid: 1000 });
  const result = await ensureTools({ consent: 'yes', machine, run });
  assert.deepEqual(ran, []);
  assert.match(result.notes.join(), /as root, run: sudo apt-get update && sudo apt-get install/);
});

test('a step that fails ends its need, and is told', async () => {
  const { machine, run, ran } = bare({ status: 100 });
  const result = await ensureTools({ consent: 'yes', machine, run });
  assert.deepEqual(ran, ['apt-get update', 'mount -t tracefs tracefs /sys/kernel/tracing']);
  assert.match(result.notes[0] ?? '', /apt-get update failed with status 100/);
  assert.equal(result.ready, false);
});

test('no package manager that is known', async () => {
  const { machine, run } = bare({ manager: 'emerge' });
  const result = await ensureTools({ consent: 'yes', machine, run });
  assert.match(result.notes[0] ?? '', /no package manager is known here/);
});

test('nothing missing: nothing asked, nothing said', async () => {
  const result = await ensureTools({ consent: 'ask', machine: fakeMachine(), ask: async () => assert.fail('asked') });
  assert.deepEqual(result, { ready: true, notes: [] });
});
