import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { recordingOf } from '../analyze/recordings.js';
import { recordedStory } from '../trace/story.js';
import { runProgram } from './run-program.js';

/**
 * Issue 2, "Bad input": one sentence on standard error that names the mend, the exit status of DESIGN.md, nothing on
 * standard output, no stack trace, no hang. Words separated by blanks; all of them run in the folder made below.
 */
const CASES: readonly (readonly [words: string, status: number, sentence: RegExp])[] = [
  ['frobnicate', 2, /no verb "frobnicate"\. There are: watch, record,/],
  ['\u001b[2J', 2, /no verb "\\x1b\[2J"/],
  ['help frobnicate', 2, /no verb "frobnicate"\. There are: watch, record,/],
  ['--nope', 2, /unknown option '--nope'.* See vdsowatch --help/],
  ['ps --nope', 2, /unknown option '--nope'.* See vdsowatch ps --help/],
  ['ps --\u001b[2J', 2, /unknown option '--\\x1b/],
  ['ps -o foo', 2, /Allowed choices are table, wide, json, ndjson/],
  ['ps abc', 2, /"abc" is not a process id\. Give the number/],
  ['ps 0', 2, /"0" is not a process id/],
  ['ps 1 -- -1', 2, /"-1" is not a process id/],
  ['ps 0x10', 2, /"0x10" is not a process id/],
  ['ps 999999999', 3, /There is no process 999999999\. See `ps -e`/],
  ['watch extra', 2, /too many arguments.* See vdsowatch watch --help/],
  ['--json ps', 2, /Options of ps go after it\. See vdsowatch ps --help\.$/m],
  ['--strict ps', 2, /unknown option '--strict'\. Options of ps go after it/],
  ['watch -o foo', 2, /Allowed choices/],
  ['watch --pid x', 2, /"x" is not a process id/],
  ['watch --pid 999999999', 3, /There is no process 999999999/],
  ['watch --cgroup kubepods', 2, /A control group is given as in \/proc\/PID\/cgroup/],
  ['watch --cgroup /sys/fs/cgroup/kubepods', 2, /A control group is given as in/],
  ['watch --duration soon', 2, /Seconds are a number/],
  ['watch --duration -1', 2, /Seconds are a number/],
  ['check', 2, /missing required argument 'pid'\. See vdsowatch check --help/],
  ['check abc', 2, /"abc" is not a process id/],
  ['check 999999999', 3, /There is no process 999999999/],
  ['check 1 --criu', 2, /argument missing/],
  ['check 1 --criu nonsense', 2, /A CRIU version is like/],
  ['analyze', 2, /missing required argument 'path'/],
  ['analyze nosuch', 3, /nosuch does not exist\. Check the path/],
  ['analyze empty', 3, /neither an evidence bundle .* Give the directory/],
  ['analyze nothing', 3, /nothing is empty\. See/],
  ['analyze /dev/zero', 3, /neither a file nor a directory\. See/],
  ['analyze fifo', 3, /neither a file nor a directory\. See/],
  ['analyze socket', 3, /neither a file nor a directory\. See/],
  ['analyze sparse', 3, /is none of: .* See/],
  ['analyze junk', 3, /is none of: .* See/],
  ['analyze loop-a', 3, /cannot be read \(ELOOP\)/],
  ['analyze deep/a/a/a/a/a/a', 3, /neither an evidence bundle/],
  ['analyze many', 3, /neither an evidence bundle/],
  ['analyze half.core', 3, /half\.core/],
  ['analyze junk.tar.gz', 3, /junk\.tar\.gz/],
  ['analyze bad-bundle', 3, /bundle\.json is not JSON/],
  ['analyze bad-images', 3, /bad-images/],
  ['analyze junk --target nosuch', 3, /nosuch cannot be read .* Run `vdsowatch doctor/],
  ['analyze junk --target junk', 3, /junk is not JSON/],
  ['analyze junk --criu x', 2, /A CRIU version is like/],
  ['diff', 2, /missing required argument 'before'/],
  ['diff empty', 2, /missing required argument 'after'/],
  ['diff 1 2 3', 2, /too many arguments/],
  ['diff junk 999999999', 3, /There is no process 999999999/],
  ['diff fifo empty', 3, /neither a file nor a directory/],
  ['capture', 2, /No process was given/],
  ['capture 1', 2, /Where to write the bundle was not given/],
  ['capture x -o new', 2, /"x" is not a process id/],
  ['capture 999999999 -o new', 3, /There is no process 999999999/],
  ['capture SELF -o full', 3, /full is not empty\. Give/],
  ['capture SELF -o /', 3, /\/ is not empty\. Give/],
  ['capture SELF -o fifo', 3, /fifo exists\. Give/],
  ['capture SELF -o /proc/none', 3, /\/proc\/none/],
  ['capture SELF -o nosuch/dir', 3, /nosuch\/dir/],
  ['capture SELF -o loop-a', 3, /loop-a cannot be written \(ELOOP\)/],
  ['capture SELF -o loop-a/x.tar.gz', 3, /loop-a\/x\.tar\.gz cannot be written \(ELOOP\)/],
  ['capture SELF -o nothing/x', 3, /nothing\/x cannot be written \(ENOTDIR\)/],
  [`capture SELF -o ${'n'.repeat(300)}`, 3, /cannot be written \(ENAMETOOLONG\)/],
  ['capture SELF -o /proc/none.tar.gz', 3, /\/proc\/none\.tar\.gz/],
  ['capture SELF -o new.zip', 2, /new\.zip is no archive of the kind that is written\. Usage: .*NAME\.tar\.gz/],
  ['capture SELF -o new.tar', 2, /is no archive/],
  ['capture SELF -o new.tar.xz', 2, /is no archive/],
  ['capture SELF -o -', 2, /A bundle is a directory or an archive\. Usage:/],
  ['capture --script -o capture.sh', 2, /Redirect it: `vdsowatch capture --script > capture\.sh`/],
  ['capture --script SELF', 2, /takes -o and process ids itself/],
  ['record', 2, /required option '-o, --output <file>' not specified/],
  ['record -o new --duration x', 2, /Seconds are a number/],
  ['record -o new --tree', 2, /--tree says nothing alone/],
  ['record -o new --keep 3', 2, /--keep says nothing alone\. Give --rotate/],
  ['record -o -', 2, /A recording goes to a file\. Give its name/],
  ['record -o new --cgroup a.service', 2, /A control group is given as in \/proc/],
  ['record -o new --duration 1 -- true', 2, /A command ends the recording/],
  ['record -o new --rotate x', 2, /argument 'x' is invalid/],
  ['record -o new --pid abc', 2, /"abc" is not a process id/],
  ['record -o new --cgroup a', 2, /A control group is given as in/],
  ['record -o new --pid 999999999', 3, /There is no process 999999999/],
  ['record --no-bpf --duration 1 -o nosuch/file', 3, /nosuch\/file/],
  ['record --no-bpf --duration 1 -o empty', 3, /empty/],
  ['record --no-bpf --duration 1 -o /proc/none', 3, /\/proc\/none/],
  ['replay', 2, /missing required argument 'file'/],
  ['replay a b', 2, /too many arguments/],
  ['replay nosuch', 3, /nosuch/],
  ['replay nothing', 3, /nothing/],
  ['replay empty', 3, /empty/],
  ['replay short', 3, /^vdsowatch: short holds no recording\. Give a file/],
  ['replay short -o ndjson', 3, /^vdsowatch: short holds no recording\. Give a file/],
  ['replay junk', 3, /^vdsowatch: junk holds no recording\. Give a file/],
  ['replay wrecked', 3, /^vdsowatch: wrecked holds no recording\. Give a file/],
  ['replay junk.tar.gz', 3, /junk\.tar\.gz/],
  ['replay sparse', 3, /sparse/],
  ['replay fifo', 3, /fifo is a pipe\. Give it as standard input/],
  ['replay socket', 3, /socket/],
  ['replay /dev/zero', 3, /\/dev\/zero/],
  ['replay loop-a', 3, /loop-a/],
  ['replay junk --from x', 3, /junk/],
  ['replay story --from +3 --until +1', 2, /--from is later than --until\. Give the earlier/],
  ['replay story --from +9000', 0, /nothing from that time on: it ends 3994 s before\./],
  ['hook --nope', 2, /unknown option/],
  ['schema nope', 2, /There are: vdsowatch\/report\/1/],
  ['schema a b', 2, /too many arguments/],
  ['hint extra', 2, /too many arguments/],
  ['doctor extra', 2, /too many arguments/],
];

const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-bad-'));
const at = (name: string): string => join(folder, name);
const socket = createServer();

before(async () => {
  for (const name of ['empty', 'full', 'many', 'deep', 'bad-bundle', 'bad-images']) mkdirSync(at(name));
  for (const name of ['nothing', 'sparse', 'full/x']) writeFileSync(at(name), '');
  writeFileSync(at('short'), '[]\n');
  writeFileSync(at('story'), recordedStory());
  writeFileSync(at('wrecked'), recordedStory().replaceAll('"at":"', '"at":"1'));
  // 100 GB that take no room: whoever reads it whole does not end.
  truncateSync(at('sparse'), 100 * 2 ** 30);
  const junk = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) % 251));
  for (const name of ['junk', 'bad-images/inventory.img', 'bad-images/pstree.img', 'bad-bundle/bundle.json'])
    writeFileSync(at(name), junk);
  writeFileSync(at('junk.tar.gz'), Buffer.concat([Buffer.from([0x1f, 0x8b]), junk]));
  // An ELF header of a core file, and then nothing.
  writeFileSync(at('half.core'), Buffer.from('7f454c4602010100000000000000000004003e0001000000', 'hex'));
  for (let index = 0; index < 20_000; index += 1) writeFileSync(at(`many/${index}`), '');
  symlinkSync('loop-b', at('loop-a'));
  symlinkSync('loop-a', at('loop-b'));
  symlinkSync('.', at('deep/a'));
  execFileSync('mkfifo', [at('fifo')]);
  await new Promise<void>((resolve) => socket.listen(at('socket'), resolve));
});
after(() => {
  socket.close();
  rmSync(folder, { recursive: true });
});

test('bad input: one sentence with a mend, the right status, nothing on standard output', async (t) => {
  const waiting = CASES.values();
  const worker = async (): Promise<void> => {
    for (const [words, status, sentence] of waiting) {
      await t.test(JSON.stringify(words), async () => {
        const ended = await runProgram(
          words.split(' ').map((word) => (word === 'SELF' ? String(process.pid) : word)),
          { cwd: folder },
        );
        assert.equal(ended.status, status, ended.errors);
        assert.match(ended.errors, sentence);
        assertPlain(ended.errors);
        assert.equal(ended.out, '');
      });
    }
  };
  await Promise.all([worker(), worker(), worker()]);
});

test('a file that this user may not read', {
  skip: process.getuid?.() === 0 && 'root may read every file',
}, async () => {
  writeFileSync(at('secret'), 'x', { mode: 0 });
  const ended = await runProgram(['analyze', at('secret')]);
  assert.equal(ended.status, 3);
  assert.match(ended.errors, /may not be read by this user\. Run as root/);
});

test('JSON is one document even when nothing could be read, and the status says so', async () => {
  for (const words of [
    ['analyze', 'junk', '--json'],
    ['ps', '999999999', '--json'],
    ['check', '999999999', '--json'],
    ['diff', 'story', 'junk', '--json'],
  ]) {
    const ended = await runProgram(words, { cwd: folder });
    assert.equal(ended.status, 3);
    const document: unknown = JSON.parse(ended.out);
    assert.ok(typeof document === 'object' && document !== null && 'problems' in document);
    assert.ok(Array.isArray(document.problems) && document.problems.length === 1);
  }
});

test('one input of several that cannot be read: not all is well', async () => {
  const ended = await runProgram(['ps', String(process.pid), '999999999'], { cwd: folder });
  assert.equal(ended.status, 3);
  assert.match(ended.out, new RegExp(`^${process.pid} `, 'm'));
});

test('a recording that a later version went on with: what comes before is told', async () => {
  const later = recordedStory().replace('trace/1', 'trace/2');
  writeFileSync(at('went-on'), recordedStory() + later.replaceAll(/,"crc":"[0-9a-f]+"/g, ''));
  const ended = await runProgram(['replay', 'went-on', '-o', 'ndjson'], { cwd: folder });
  assert.equal(ended.status, 3);
  assert.match(ended.errors, /^[^\n]+of format vdsowatch\/trace\/2; this version reads[^\n]+\n$/);
  assert.equal(ended.out, (await runProgram(['replay', 'story', '-o', 'ndjson'], { cwd: folder })).out);
  assert.match(ended.out, /vDSO moved/);
  const analyzed = await runProgram(['analyze', 'went-on'], { cwd: folder });
  assert.match(analyzed.out, /vDSO moved/);
});

test('analyze of a recording in which no process was seen printed nothing, as if it had not been read', async () => {
  writeFileSync(at('nobody'), recordingOf([]));
  const ended = await runProgram(['analyze', 'nobody'], { cwd: folder });
  assert.deepEqual([ended.status, ended.out, ended.errors], [0, 'It holds no process.\n', '']);
});

/** Sentences of ours: each line begins with the name and ends with a stop; no stack, no control character. */
const assertPlain = (errors: string): void => {
  assert.match(errors, /\n$/);
  for (const line of errors.slice(0, -1).split('\n')) assert.match(line, /^vdsowatch: [^\p{Cc}]+[.)]$/u);
  assert.doesNotMatch(errors, /\bat .*\.js:\d|node:internal|Error:/);
};
