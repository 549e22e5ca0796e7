import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import { readPiece } from '../../src/analyze/piece.js';
import { page } from '../../src/report/html/page.js';
import { coreFile } from '../core/build.js';
import { visit } from './browser.js';
import { needs } from './needs.js';

const HOSTILE = '<img src=x>\n{b}';

test(
  'the report page renders in a real browser: no request, no complaint, names as text',
  needs('chromium'),
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-page-'));
    try {
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
      const chapters = chaptersOf([piece.value]);
      const file = join(folder, 'report.html');
      writeFileSync(file, page(piece.value.host, chapters, []));
      const url = pathToFileURL(file).href;
      const seen = await visit(url);
      assert.equal(seen.title, 'vdsowatch report');
      assert.deepEqual(
        seen.requested.filter((one) => !one.startsWith('data:')),
        [url],
      );
      assert.deepEqual(seen.consoleErrors, []);
      assert.ok(seen.text.includes('<img src=x>\\n{b}'), seen.text);
      assert.ok(seen.text.includes('crash-in-vanished-vdso'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
