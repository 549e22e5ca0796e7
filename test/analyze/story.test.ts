import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { chaptersOf, hostProblems } from '../../src/analyze/join/chapters.js';
import { endIn } from '../../src/analyze/join/words.js';
import { ReportJson } from '../../src/model/report.js';
import { exitWords } from '../../src/pipeline/words.js';
import { chaptersReport } from '../../src/report/chapter-report.js';
import { chaptersText } from '../../src/report/print-chapters.js';
import { goldenText } from '../golden.js';
import { exited } from '../pipeline/build.js';
import { readCorpus } from './pieces.js';

/** Bundle, images with logs, and the state after the restore, given together: one story for each case. */
const CASES = [
  'cow-both-pages-time-hooked',
  'vdso-rwx-unwritten',
  'moved-vdso-alone',
  'vclock-unmapped',
  'symtable-check-copy-at-old-address',
  'criu-proxied-dumped-again',
  'migrated-5.10-to-6.12',
];

for (const name of CASES) {
  test(`one story: ${name}`, async () => {
    const pieces = await readCorpus(`${name}/bundle`, `${name}/img`, `${name}/after`);
    const chapters = chaptersOf(pieces);
    assert.equal(chapters.length, 1);
    assert.deepEqual(
      chapters[0]?.moments.map(({ role }) => role),
      ['before', 'dump', 'after'],
    );
    const notes = hostProblems(pieces).map(({ text }) => `${text}\n`);
    goldenText(`analyze/${name}`, chaptersText(chapters, false) + notes.join(''));
    const report: unknown = JSON.parse(JSON.stringify(chaptersReport(undefined, chapters, [])));
    assert.ok(Value.Check(ReportJson, report), JSON.stringify([...Value.Errors(ReportJson, report)][0]));
  });

  test(`the same whatever the order of the paths: ${name}`, async () => {
    const tell = async (...parts: readonly string[]) =>
      chaptersOf(await readCorpus(...parts.map((part) => `${name}/${part}`))).map(({ conclusion, moments }) => ({
        conclusion,
        roles: moments.map(({ role, path }) => `${role} ${path}`),
      }));
    const expected = await tell('bundle', 'img', 'after');
    assert.deepEqual(await tell('after', 'bundle', 'img'), expected);
    assert.deepEqual(await tell('img', 'after', 'bundle'), expected);
  });
}

test('a failed dump and a failed restore end the story', async () => {
  const told = async (name: string) =>
    chaptersOf(await readCorpus(`${name}/bundle`, `${name}/img`)).flatMap(({ conclusion }) => conclusion);
  const valgrind = await told('valgrind-none');
  assert.ok(valgrind.includes('The restore failed.'), valgrind.join('\n'));
  assert.ok(
    valgrind.some((one) => one.startsWith('The image has vvar but no vDSO')),
    valgrind.join('\n'),
  );
  const uprobe = await told('uprobe-hit-by-a-tracer');
  assert.ok(
    uprobe.some((one) => /failed to dump it: .*uprobes/.test(one)),
    uprobe.join('\n'),
  );
});

test('what no restore can have made is no state after it, whatever the order of the paths', async () => {
  // A dump that failed, a restore that failed, and one by proxy, whose runtime vDSO is not there.
  for (const name of ['uprobe-hit-by-a-tracer', 'forged-mark-v2', 'valgrind-none', 'moved-vdso-alone']) {
    const told = async (...parts: readonly string[]) =>
      chaptersOf(await readCorpus(...parts.map((part) => `${name}/${part}`))).map(({ conclusion, moments }) => ({
        conclusion,
        roles: moments.map(({ role, path }) => `${role} ${path}`),
      }));
    assert.deepEqual(await told('img', 'bundle'), await told('bundle', 'img'), name);
  }
});

test('a bundle by itself is a state, not a story', async () => {
  const [chapter, ...more] = chaptersOf(await readCorpus('moved-block/bundle'));
  assert.deepEqual(more, []);
  assert.deepEqual([chapter?.conclusion, chapter?.story, chapter?.differences], [[], [], []]);
});

test('processes of different hosts are not mixed up, and that is said', async () => {
  const pieces = await readCorpus('linux-5.10-native/bundle', 'linux-7.3-native/bundle', 'moved-block/bundle');
  assert.equal(chaptersOf(pieces).length, 3);
  assert.match(
    hostProblems(pieces)[0]?.text ?? '',
    /^linux-5\.10-native\/bundle \(Linux 5\.10[^)]*\) and .* are of different hosts/,
  );
  assert.deepEqual(hostProblems(await readCorpus('moved-block/bundle', 'moved-block/img')), []);
});

test('what was written is lost, and the exit is not well; what CRIU took is held against what it is', async () => {
  const [hooked] = chaptersOf(await readCorpus('cow-both-pages-time-hooked/bundle', 'cow-both-pages-time-hooked/img'));
  const lost = hooked?.main.verdict.findings.find(({ code }) => code === 'content-lost');
  assert.deepEqual([lost?.severity, lost?.mapping], ['error', 0x7fe6875f1000n]);
  const [copied] = chaptersOf(
    await readCorpus('symtable-check-copy-at-old-address/bundle', 'symtable-check-copy-at-old-address/img'),
  );
  assert.deepEqual(
    copied?.choices.map(({ start, class: kind, by, took, right }) => [start, kind, by, took, right]),
    [
      [0x7f27eb719000n, 'genuine', 'bundle', 'vdso', true],
      [0x7f27eb931000n, 'decoy', 'bundle', 'vdso', false],
    ],
  );
});

test('a task that was restored and dumped again has both dumps in its story', async () => {
  const pieces = await readCorpus('criu-proxied-dumped-again/img', 'criu-proxied-dumped-again/img');
  const [chapter, ...more] = chaptersOf(pieces);
  assert.equal(more.length, 0);
  const told = chapter?.conclusion.filter((one) => /CRIU 4\.2 dumped it/.test(one)) ?? [];
  assert.equal(told.length, 2, chapter?.conclusion.join('\n'));
  assert.match(told[1] ?? '', /^Then, as .*img has it, CRIU/);
  const ends = chapter?.story.filter(({ text }) => text === 'the dump is complete') ?? [];
  assert.equal(ends.length, 2);
  assert.match(ends[0]?.who ?? '', /img\/dump\.log:\d+$/);
});

test('where no restore log is left, what the restore did is not read from the restored process', async () => {
  const told = async (name: string): Promise<string> => {
    const pieces = await readCorpus(`${name}/bundle`, `${name}/img`, `${name}/after`);
    const without = pieces.map((piece) =>
      piece.criu === undefined
        ? piece
        : { ...piece, criu: { ...piece.criu, logs: { ...piece.criu.logs, restore: undefined } } },
    );
    return chaptersOf(without)
      .flatMap(({ conclusion }) => conclusion)
      .join('\n');
  };
  assert.match(await told('all-three-unmapped'), /^It was restored without a vDSO/m);
  assert.match(await told('plain-shell-loop'), /^It was restored in place/m);
  assert.match(await told('moved-vdso-alone'), /^It was restored by proxy/m);
});

test('an end that the pipeline tells of is not known for one, or that of a thread is', () => {
  const told = (status: number, whole = true): string => exitWords(exited({ at: 0n, pid: 7, in: 1, status, whole }));
  assert.deepEqual(endIn(told(0)), { killer: undefined });
  assert.deepEqual(endIn(told(3 << 8)), { killer: undefined });
  assert.deepEqual(endIn(told(9)), { killer: 'SIGKILL' });
  assert.deepEqual(endIn(`${told(11)}, 1.0 ms after its vDSO was moved`), { killer: 'SIGSEGV' });
  assert.equal(endIn(told(9, false)), undefined);
});
