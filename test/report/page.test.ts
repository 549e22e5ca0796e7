import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Chapter } from '../../src/model/chapter.js';
import { failure } from '../../src/model/failure.js';
import { page } from '../../src/report/html/page.js';
import { chaptersText } from '../../src/report/print-chapters.js';
import { readCorpus } from '../analyze/pieces.js';

const HOSTILE = '<img src=x onerror=alert(1)>"\n\u001b[2J{b}\u0000\u202e';

const hostile = async (): Promise<readonly Chapter[]> => {
  const name = 'cow-both-pages-time-hooked';
  const pieces = await readCorpus(`${name}/bundle`, `${name}/img`, `${name}/after`);
  return chaptersOf(
    pieces.map((piece) => ({
      ...piece,
      input: { ...piece.input, path: `${HOSTILE}/${piece.input.path}` },
      judged: piece.judged.map((judged) => {
        const { evidence } = judged;
        const vmas = evidence.vmas?.map((vma) => (vma.name.includes('[') ? vma : { ...vma, name: HOSTILE }));
        return {
          ...judged,
          evidence: { ...evidence, vmas, process: { ...evidence.process, comm: HOSTILE.slice(0, 15) } },
        };
      }),
    })),
  );
};

test('a page shows before, dump and after side by side, the story, what changed, and asks for nothing', async () => {
  const name = 'symtable-check-copy-at-old-address';
  const chapters = chaptersOf(await readCorpus(`${name}/bundle`, `${name}/img`, `${name}/after`));
  const text = page(undefined, chapters, [failure('bad-input', 'One sentence.', 'Mend.')]);
  for (const expected of [
    'Layout: before the dump',
    'Layout: as dumped',
    'Layout: after the restore',
    'What CRIU took for the vDSO',
    'Time line',
    'What changed',
    'One sentence. Mend.',
  ])
    assert.ok(text.includes(expected), expected);
  assert.doesNotMatch(text, /<script|<link rel="stylesheet"|https?:\/\/|url\(/);
  assert.match(text, /Content-Security-Policy" content="default-src 'none'/);
});

test('hostile names stay text, on the page and on the terminal', async () => {
  const chapters = await hostile();
  assert.equal(chapters.length, 1);
  const text = page(undefined, chapters, []);
  assert.doesNotMatch(text, /<img|onerror=alert\(1\)>"/);
  assert.match(text, /&#60;img src=x/);
  assert.doesNotMatch(text, /[\u0000\u001b\u202e]/);
  const plain = chaptersText(chapters, true);
  assert.doesNotMatch(plain, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  assert.ok(plain.includes('<img src=x onerror=alert(1)>"\\n'.slice(0, 15)));
});
