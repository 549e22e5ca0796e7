import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { splitFrames } from '../../src/criu/framing.js';
import { readPostMortem } from '../../src/criu/post-mortem.js';
import { PagemapEntrySchema } from '../../src/criu/schema/image_pb.js';
import { testFolder } from '../folder.js';
import { framed } from './image-file.js';

/** Its check went by page frames and dropped a vDSO of which both pages were copied: CRIU dumped them as plain memory. */
const DROPPED = 'test/corpus/cases/pfn-check-cow-both-pages/img';
const VDSO = 0x7f9a7b218000n;
const PAGE = 0x1000;

interface Kept {
  /** Pages of the vDSO that the dump holds, from the first on. */
  readonly pages: 0 | 1 | 2;
  readonly log?: (text: string) => string;
}

/** The modified pages of the dropped vDSO, had the dump held that much of it. */
const modified = async (context: TestContext, { pages, log }: Kept): Promise<readonly number[] | undefined> => {
  const path = join(testFolder(context), 'img');
  cpSync(DROPPED, path, { recursive: true });
  const name = readdirSync(path).find((file) => file.startsWith('pagemap-')) ?? '';
  const [head, ...frames] = splitFrames(name, readFileSync(join(path, name)), 'pagemap', 100).frames;
  const entries = frames.map(({ bytes }) => fromBinary(PagemapEntrySchema, bytes));
  const content = readFileSync(join(path, 'pages-1.img'));
  const kept: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const all = Number(entry.nrPages);
    if (entry.vaddr === VDSO) entry.nrPages = BigInt(pages);
    kept.push(content.subarray(offset, offset + Number(entry.nrPages) * PAGE));
    offset += all * PAGE;
  }
  const written = entries.filter(({ nrPages }) => nrPages > 0n).map((entry) => toBinary(PagemapEntrySchema, entry));
  writeFileSync(join(path, name), framed('pagemap', [head?.bytes ?? Buffer.alloc(0), ...written]));
  writeFileSync(join(path, 'pages-1.img'), Buffer.concat(kept));
  const logFile = join(path, 'dump.log');
  if (log !== undefined) writeFileSync(logFile, log(readFileSync(logFile, 'utf8')));
  const outcome = await readPostMortem(path);
  assert.ok(outcome.ok);
  const vdso = outcome.value.judged[0]?.verdict.vdso;
  assert.equal(vdso?.start, VDSO);
  return vdso?.modifiedPages;
};

test('a page of a dropped vDSO that is in the dump is a copy though nobody knows the bytes of the kernel', async (context) => {
  assert.deepEqual(await modified(context, { pages: 2 }), [0, 1]);
  assert.deepEqual(await modified(context, { pages: 1 }), [0]);
  assert.deepEqual(await modified(context, { pages: 0 }), []);
});

test('before Linux 6.7 or CRIU 4.0 a dump holds what is present, copied or not', async (context) => {
  const older = (text: string): string => text.replaceAll('6.18.44-fc-v669', '6.1.0-56-amd64');
  assert.equal(await modified(context, { pages: 1, log: older }), undefined);
  const before = (text: string): string => text.replace(/Version: 4\.2 \(gitid [^)]*\)/, 'Version: 3.19');
  assert.equal(await modified(context, { pages: 1, log: before }), undefined);
});
