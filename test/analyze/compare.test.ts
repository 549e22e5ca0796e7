import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compare } from '../../src/analyze/compare.js';
import { pair } from '../../src/analyze/pair.js';
import { readPiece } from '../../src/analyze/piece.js';
import type { Judged } from '../../src/model/judged.js';

const cases = fileURLToPath(new URL('../../../test/corpus/cases', import.meta.url));

const moment = async (name: string, which: 'bundle' | 'after'): Promise<readonly Judged[]> => {
  const piece = await readPiece({ kind: 'bundle', path: join(cases, name, which) }, { criu: '4.2' });
  assert.ok(piece.ok, name);
  return piece.value.judged;
};

const changes = async (name: string): Promise<string[]> => {
  const { pairs } = pair(await moment(name, 'bundle'), await moment(name, 'after'));
  const [one] = pairs;
  assert.ok(one, name);
  return compare(one.before, one.after).map(({ field, noticeable, text }) => `${field} ${noticeable}: ${text}`);
};

test('a hooked vDSO function is lost by a restore in place, and the program can notice', async () => {
  const said = await changes('cow-both-pages-time-hooked');
  assert.ok(
    said.some((line) => /^pages yes: page 0 .* lost$/.test(line)),
    said.join('\n'),
  );
  assert.ok(
    said.some((line) => /^bytes yes: /.test(line)),
    said.join('\n'),
  );
});

test('permissions that a restore takes away are told', async () => {
  const said = await changes('vdso-rwx-unwritten');
  assert.ok(
    said.some((line) => line.startsWith('permissions yes: its permissions went from rwxp to r-xp')),
    said.join('\n'),
  );
});

test('nothing is told of a moment compared with itself', async () => {
  for (const name of ['moved-block', 'rhel7-moved-anon-at-old', 'uml-5.10-unmapped-name-gained']) {
    const [one] = await moment(name, 'bundle');
    assert.ok(one);
    assert.deepEqual(compare(one, one), []);
  }
});

test('what a core file cannot show is not told as gone', async () => {
  const [one] = await moment('moved-block', 'bundle');
  assert.ok(one?.evidence.vmas);
  const vmas = one.evidence.vmas.filter(({ name }) => !name.startsWith('[vvar'));
  const core: Judged = { ...one, evidence: { ...one.evidence, source: 'core', vmas } };
  assert.deepEqual([compare(one, core), compare(core, one)], [[], []]);
  const unmapped: Judged = { ...one, evidence: { ...one.evidence, vmas } };
  assert.deepEqual(
    compare(one, unmapped).map(({ field }) => field),
    ['vvar'],
  );
});

test('a process that has ended is told as one whose data pages may have gone', async () => {
  const [one] = await moment('moved-block', 'bundle');
  assert.ok(one);
  const ended: Judged = {
    evidence: { ...one.evidence, vmas: [] },
    verdict: { ...one.verdict, applicable: false, vdso: undefined, mappings: [] },
  };
  assert.deepEqual(
    [...compare(one, ended), ...compare(ended, one)].map(
      ({ noticeable, text }) => `${noticeable} ${text.slice(0, 17)}`,
    ),
    ['yes it has no memory ', 'yes it has memory, an'],
  );
  assert.deepEqual(compare(ended, ended), []);
});

test('a container that was restored: its processes have other numbers here, and their own inside', async () => {
  const [one] = await moment('moved-block', 'bundle');
  assert.ok(one);
  const numbered = (pid: number, insidePid: number | undefined, startTicks: bigint): Judged => {
    const inside = insidePid === undefined ? {} : { insidePid };
    return { ...one, evidence: { ...one.evidence, process: { ...one.evidence.process, pid, ...inside, startTicks } } };
  };
  // Three forks of one program, which nothing but their numbers tells apart; one of the new numbers is an old one.
  const before = [numbered(100, 1, 5n), numbered(101, 6, 5n), numbered(102, 7, 5n)];
  const after = [numbered(101, 7, 9n), numbered(200, 6, 9n), numbered(201, 1, 9n)];
  const numbers = (all: ReturnType<typeof pair>) =>
    all.pairs.map((both) => [both.before.evidence.process.pid, both.after.evidence.process.pid]);
  assert.deepEqual(numbers(pair(before, after)), [
    [100, 201],
    [101, 200],
    [102, 101],
  ]);
  // Images name processes as the container does.
  const images = [numbered(1, undefined, 5n), numbered(6, undefined, 5n)];
  const found = pair(images, after);
  assert.deepEqual(numbers(found), [
    [1, 201],
    [6, 200],
  ]);
  assert.deepEqual([found.onlyBefore.length, found.onlyAfter.length], [0, 1]);
});

test('processes are paired by pid, and single ones whatever their pid', async () => {
  const [one] = await moment('moved-block', 'bundle');
  const [other] = await moment('vdso-rwx-unwritten', 'bundle');
  assert.ok(one && other);
  assert.equal(pair([one], [other]).pairs.length, 1);
  const several = pair([one, other], [other]);
  assert.deepEqual([several.pairs.length, several.onlyBefore.length, several.onlyAfter.length], [1, 1, 0]);
});
