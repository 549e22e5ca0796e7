import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isError } from '../../src/proc/door.js';
import { procFiles } from '../../src/proc/files.js';
import { readInSteps, readProcess } from '../../src/proc/process.js';
import { fileFolder } from '../folder.js';
import { auxvOf, block, FILE_LINE, madeUpProc, statLine } from './made-up-proc.js';

const root = fileFolder();
const files = procFiles(root);
const path = (name: string): string => join(root, name);
const text = (result: ReturnType<typeof files.lines>): string =>
  isError(result) ? result.code : result.toString('latin1');
const GATE = 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n';

describe('files of a folder that looks like /proc', () => {
  test('a file longer than the buffer is read whole, several times over', () => {
    const lines = FILE_LINE.repeat(20_000);
    writeFileSync(path('long'), lines);
    assert.equal(text(files.lines(path('long'))), lines);
    assert.equal(text(files.lines(path('long'))), lines);
  });

  test('the gate VMA ends it; a name that only looks like one does not', () => {
    writeFileSync(path('gate'), FILE_LINE + GATE);
    assert.equal(text(files.lines(path('gate'))), FILE_LINE + GATE);
    const forged = GATE.replace('ffffffffff600000-', '7fffffffff600000-');
    // The forged line ends a full buffer exactly: what follows must still be read.
    const fill = FILE_LINE.repeat(2900);
    const pad = 'x'.repeat(256 * 1024 - fill.length - forged.length - 1);
    writeFileSync(path('forged'), `${fill}${pad}\n${forged}${FILE_LINE}`);
    assert.ok(text(files.lines(path('forged'))).endsWith(FILE_LINE));
  });

  test('what a system call refuses is its name', () => {
    mkdirSync(path('folder'));
    symlinkSync('uts:[4026531838]', path('link'));
    assert.equal(text(files.record(path('nothing'))), 'ENOENT');
    assert.equal(text(files.lines(path('folder'))), 'EISDIR');
    assert.deepEqual(files.at(path('nothing'), new Uint8Array(1), 0), { code: 'ENOENT' });
    assert.deepEqual(files.list(path('link')), { code: 'ENOENT' });
    assert.deepEqual(files.link(path('folder')), { code: 'EINVAL' });
    assert.equal(files.link(path('link')), 'uts:[4026531838]');
  });

  test('a mistake of ours is not taken for one', () => {
    assert.throws(() => files.record('\u0000'), /null bytes/);
  });

  test('bytes at a position, as many as there are', () => {
    writeFileSync(path('bytes'), 'abcdef');
    const target = new Uint8Array(4);
    assert.equal(files.at(path('bytes'), target, 4), 2);
    assert.equal(files.at(path('bytes'), target, 1n), 4);
    assert.equal(Buffer.from(target).toString(), 'bcde');
  });

  test('a process in it is read like any other', () => {
    mkdirSync(path('7/ns'), { recursive: true });
    const start = 0x7f0d000;
    writeFileSync(path('7/stat'), statLine(7));
    writeFileSync(path('7/maps'), FILE_LINE + block(start));
    writeFileSync(path('7/auxv'), auxvOf([33, start], [6, 4096]));
    const pagemap = Buffer.alloc((start / 4096 + 2) * 8);
    pagemap.writeBigUInt64LE(0xa000000000002861n, (start / 4096) * 8);
    writeFileSync(path('7/pagemap'), pagemap);
    symlinkSync('uts:[1]', path('7/ns/uts'));
    const { proc } = madeUpProc({});
    const evidence = readProcess(7, 'census', { proc: { ...proc, files } });
    assert.equal(evidence.onlyBlock, true);
    assert.deepEqual([...(evidence.pagemap.get(BigInt(start)) ?? [])], [0xa000000000002861n, 0n]);
    assert.equal(evidence.namespaces.get('uts'), 1n);

    // Very many mappings: in steps, whether it is ordinary or not.
    const many = FILE_LINE.repeat(20_000);
    for (const [text, kept] of [
      [many + block(start), 3],
      [many, 20_000],
    ] as const) {
      writeFileSync(path('7/maps'), text);
      const steps = readInSteps(7, 'census', { proc: { ...proc, files } });
      assert.ok(!('takenAt' in steps), 'not at once');
      let count = 0;
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done === true) {
          assert.equal(step.value.vmas?.length, kept);
          break;
        }
        count += 1;
        // Somebody else reads meanwhile: the shared buffer is theirs.
        files.record(path('7/stat'));
      }
      assert.ok(count >= 6, `${count} steps`);
    }
  });
});
