import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileFolder } from './folder.js';

/** The launcher on a checkout of a few lines, with the real compiler and an npm that only says how it was called. */

const project = fileURLToPath(new URL('../../', import.meta.url));
const folder = fileFolder();

interface Checkout {
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  readonly run: (words?: readonly string[], node?: readonly string[], uid?: number) => SpawnSyncReturns<string>;
  /** Everything was made a minute ago, so that what is made from now on is newer. */
  readonly age: () => void;
}

const checkout = (name: string): Checkout => {
  const root = join(folder, name);
  const path = (file: string): string => join(root, file);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(path(file)), { recursive: true });
    writeFileSync(path(file), text);
  };
  const files = ['src/main.ts', 'src/old.ts', 'ui/screen.ts', 'test/one.test.ts'];
  write('src/main.ts', "process.stdout.write(['main', ...process.argv.slice(2), ''].join(' '));\n");
  for (const file of files.slice(1)) write(file, 'export const one = 1;\n');
  write('package.json', '{"type":"module"}');
  for (const file of ['src/launch.mjs', 'tsconfig.json', 'package-lock.json'])
    copyFileSync(join(project, file), path(file));
  // npm ci: the modules of this build, as a folder of links, which is enough to tell that it was called.
  write(
    'bin/npm',
    `#!/bin/sh\necho "npm $*"; echo "$npm_config_cache" >cache; rm -rf node_modules; mkdir node_modules
for one in "${join(project, 'node_modules')}"/* "${join(project, 'node_modules')}"/.package-lock.json; do ln -s "$one" node_modules/; done
touch -h node_modules; rm node_modules/.package-lock.json; echo {} >node_modules/.package-lock.json\n`,
  );
  chmodSync(path('bin/npm'), 0o755);
  const age = (): void => {
    const then = new Date(Date.now() - 60_000);
    const folders = ['src', 'ui', 'test'];
    for (const file of [...files, ...folders, 'tsconfig.json', 'package-lock.json'])
      if (existsSync(path(file))) utimesSync(path(file), then, then);
  };
  age();
  return {
    path,
    write,
    age,
    run: (words = [], node = [], uid = process.getuid?.()) =>
      spawnSync(process.execPath, [...node, path('src/launch.mjs'), ...words], {
        encoding: 'utf8',
        uid,
        env: { ...process.env, PATH: `${path('bin')}:${process.env['PATH'] ?? ''}`, npm_config_cache: '/nowhere' },
      }),
  };
};

const INSTALLING = /installing the locked dependencies/;
const BUILDING = /building/;

test('the first start installs and builds, on stderr; the second one runs at once', () => {
  const { run } = checkout('first');
  const first = run(['a', '--b']);
  assert.deepEqual([first.stdout, first.status], ['main a --b ', 0], first.stderr);
  assert.match(first.stderr, INSTALLING);
  assert.match(first.stderr, /npm ci --include=dev/);
  assert.match(first.stderr, BUILDING);
  const second = run();
  assert.deepEqual([second.stdout, second.stderr, second.status], ['main ', '', 0]);
});

test('what is stale is built again: changed, new and deleted sources, a new lock file', () => {
  const { run, path, write, age } = checkout('stale');
  assert.equal(run().status, 0);
  write('src/main.ts', "process.stdout.write('changed');\n");
  const changed = run();
  assert.equal(changed.stdout, 'changed');
  assert.doesNotMatch(changed.stderr, INSTALLING);
  age();
  write('src/deep/new.ts', 'export const two = 2;\n');
  run();
  assert.ok(existsSync(path('dist/src/deep/new.js')));
  age();
  rmSync(path('src/old.ts'));
  rmSync(path('test/one.test.ts'));
  run();
  assert.ok(!existsSync(path('dist/src/old.js')) && !existsSync(path('dist/test/one.test.js')));
  age();
  const later = new Date(Date.now() + 5000);
  utimesSync(path('package-lock.json'), later, later);
  assert.match(run().stderr, INSTALLING);
});

test('a failed build runs nothing, says where to look, and is tried again', () => {
  const { run, write } = checkout('broken');
  assert.equal(run().status, 0);
  write('src/old.ts', 'export const one: string = 1;\n');
  for (const attempt of [run(), run()]) {
    assert.deepEqual([attempt.stdout, attempt.status], ['', 3]);
    assert.match(attempt.stderr, /old\.ts.*TS2322/s);
    assert.match(attempt.stderr, /^vdsowatch: building failed \(exit \d\): see above/m);
    assert.doesNotMatch(attempt.stderr, /\bat .*launch\.mjs/);
  }
  write('src/old.ts', 'export const one = 1;\n');
  assert.equal(run().stdout, 'main ');
});

test('a failed installation runs nothing', () => {
  const { run, write } = checkout('offline');
  write('bin/npm', '#!/bin/sh\necho no network >&2; exit 1\n');
  const { stdout, stderr, status } = run();
  assert.deepEqual([stdout, status], ['', 3]);
  assert.match(stderr, /no network\nvdsowatch: installing the locked dependencies failed \(exit 1\): see above/);
});

test("a stale checkout that is another user's is a sentence, and no stack of the launcher", () => {
  const { run, write, path } = checkout('of-others');
  assert.equal(run().status, 0);
  write('src/old.ts', 'export const one = 2;\n');
  chmodSync(folder, 0o755);
  chmodSync(path('dist'), 0o555);
  // Root may write anywhere.
  const { stdout, stderr, status } = run([], [], process.getuid?.() === 0 ? 65_534 : undefined);
  chmodSync(path('dist'), 0o755);
  assert.deepEqual([stdout, status], ['', 3]);
  assert.match(stderr, /^vdsowatch: building is due, and you may not write to \S+dist: start it once as its owner/);
});

test('modules behind a link are left alone: npm would empty the folder that others use', () => {
  const { run, path, write } = checkout('linked');
  write('bin/npm', '#!/bin/sh\necho must not run >&2; exit 1\n');
  symlinkSync(join(project, 'node_modules'), path('node_modules'));
  const later = new Date(Date.now() + 5000);
  utimesSync(path('package-lock.json'), later, later);
  const { stdout, stderr } = run();
  assert.equal(stdout, 'main ', stderr);
  assert.ok(lstatSync(path('node_modules')).isSymbolicLink());
});

test('tests that are named and not there are not looked for elsewhere', () => {
  const { stdout, stderr, status } = checkout('named').run(['--self-test', 'nosuch']);
  assert.deepEqual([stdout, status], ['', 2]);
  assert.match(stderr, /no test file is named like nosuch/);
});

test('a Node that is too old gets a sentence', () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.1" } })';
  const { run, path } = checkout('old');
  const { stdout, stderr, status } = run([], ['--import', `data:text/javascript,${encodeURIComponent(old)}`]);
  assert.deepEqual([stdout, status], ['', 3]);
  assert.match(stderr, /^vdsowatch: vdsowatch needs Node 20\.19 or newer, this is 18\.19\.1: install it .*\n$/);
  assert.ok(!existsSync(path('node_modules')));
});

test('a package without its build says so', () => {
  const { run, path } = checkout('unbuilt');
  rmSync(path('tsconfig.json'));
  const { stderr, status } = run(['--self-test']);
  assert.equal(status, 3);
  assert.match(stderr, /^vdsowatch: this package was packed without its build: run .*\n$/);
});

const isRoot = process.getuid?.() === 0;
test('root in the checkout of another: what is made is his, with his folders', {
  skip: !isRoot && 'needs root',
}, () => {
  const { run, path } = checkout('owned');
  chmodSync(folder, 0o755);
  assert.equal(spawnSync('chown', ['-R', '65534:65534', path('.')]).status, 0);
  const { stdout, stderr } = run();
  assert.equal(stdout, 'main ', stderr);
  for (const name of ['node_modules', 'node_modules/.package-lock.json', 'dist', 'dist/src/main.js'])
    assert.equal(lstatSync(path(name)).uid, 65_534, name);
  assert.equal(readFileSync(path('cache'), 'utf8'), '\n', "root's npm cache is not his");
});

test('npm start that is told to end leaves vdsowatch behind, which goes on painting over the shell', {
  timeout: 60_000,
}, async () => {
  const words = ['start', '--silent', '--', 'watch', '--no-bpf'];
  const npm = spawn('npm', words, { cwd: project, stdio: ['ignore', 'pipe', 'ignore'] });
  after(() => npm.stdout.destroy());
  await once(npm.stdout, 'data');
  npm.stdout.resume();
  npm.kill('SIGTERM');
  // As long as one of them lives the pipe is open.
  await once(npm, 'close');
});
