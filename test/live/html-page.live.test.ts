import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import { type Piece, readPiece } from '../../src/analyze/piece.js';
import { page } from '../../src/report/html/page.js';
import { readCorpus, readPath } from '../analyze/pieces.js';
import { at, frames, reading, recordingOf, traced } from '../analyze/recordings.js';
import { coreFile } from '../core/build.js';
import { moved } from '../pipeline/build.js';
import { visit } from './browser.js';
import { needs } from './needs.js';

const HOSTILE = '<img src=x>\n{b}';

/** The page of these, opened: it asked for nothing and complained of nothing. Its text. */
const opened = async (folder: string, pieces: readonly Piece[]): Promise<string> => {
  const file = join(folder, 'report.html');
  writeFileSync(file, page(pieces[0]?.host, chaptersOf(pieces), []));
  const url = pathToFileURL(file).href;
  const seen = await visit(url);
  assert.equal(seen.title, 'vdsowatch report');
  assert.deepEqual(
    seen.requested.filter((one) => !one.startsWith('data:')),
    [url],
  );
  assert.deepEqual(seen.consoleErrors, []);
  return seen.text;
};

const inFolder = async (act: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-page-'));
  try {
    await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('the report page renders in a real browser: no request, no complaint, names as text', needs('chromium'), () =>
  inFolder(async (folder) => {
    const core = join(folder, 'core');
    const segments = [
      { start: 0x400000n, flags: 5, content: new Uint8Array(4096), path: '/bin/<script>alert(1)</script>' },
    ];
    writeFileSync(
      core,
      coreFile({
        pid: 7,
        comm: HOSTILE,
        ip: 0x7f500n,
        signal: 11,
        address: 0x7f500n,
        auxv: [[33n, 0x7f000n]],
        segments,
      }),
    );
    const piece = await readPiece({ kind: 'core', path: core }, { criu: '4.2' });
    assert.ok(piece.ok);
    const text = await opened(folder, [piece.value]);
    assert.ok(text.includes('<img src=x>\\n{b}'), text);
    assert.ok(text.includes('crash-in-vanished-vdso'));
  }),
);

test('a joined story renders too: before, in the image, after, and what a recording tells', needs('chromium'), () =>
  inFolder(async (folder) => {
    for (const name of ['moved-vdso-alone', 'criu-proxied-dumped-again']) {
      const pieces = await readCorpus(`${name}/bundle`, `${name}/img`, `${name}/after`);
      const text = await opened(folder, pieces);
      for (const { conclusion } of chaptersOf(pieces))
        for (const line of conclusion) assert.ok(text.includes(line), line);
    }
    const [from, to] = [0x7f00_0000_0000n, 0x7e00_0000_0000n];
    const file = join(folder, 'trace.ndjson');
    const list = frames(
      traced,
      reading({ ms: 10, pid: 7, ticks: 1n, at: from, comm: HOSTILE }),
      moved({ at: at(2000), pid: 7, in: 1, from, to, comm: HOSTILE }),
      reading({ ms: 2010, pid: 7, ticks: 1n, at: to, auxv: from, comm: HOSTILE }),
    );
    writeFileSync(file, recordingOf(list), 'latin1');
    const text = await opened(folder, [await readPath(file)]);
    assert.ok(text.includes('vDSO moved from 0x7f0000000000 to 0x7e0000000000'), text);
    assert.ok(text.includes('<img src=x>'), text);
  }),
);
