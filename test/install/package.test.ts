import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileFolder } from '../folder.js';

/**
 * Issue 2, Shows 7: what `npm pack` makes, `npm i -g` installs without compiler, install scripts or development
 * dependencies, and it runs from any directory.
 */
const project = fileURLToPath(new URL('../../../', import.meta.url));
const folder = fileFolder();
const at = (name: string): string => join(folder, name);

const npm = (...words: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync('npm', [...words, '--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'], {
    cwd: project,
    encoding: 'utf8',
    timeout: 120_000,
  });

/** Without scripts: the build is there, it is what runs here. */
const packed = npm('pack', '--ignore-scripts', '--json', '--pack-destination', folder);
const { name: tarball, files } = packedFiles(packed.stdout);

function packedFiles(text: string): { readonly name: string; readonly files: readonly string[] } {
  const document: unknown = JSON.parse(text === '' ? '[]' : text);
  const [first]: readonly unknown[] = Array.isArray(document) ? document : [];
  if (typeof first !== 'object' || first === null || !('filename' in first) || !('files' in first)) return NOTHING;
  const listed: readonly unknown[] = Array.isArray(first.files) ? first.files : [];
  const paths = listed.flatMap((file) =>
    typeof file === 'object' && file !== null && 'path' in file ? [String(file.path)] : [],
  );
  return { name: String(first.filename), files: paths };
}
const NOTHING = { name: '', files: [] };

/** The cache of `npm ci` is enough on most machines; else the network is asked. */
const install = (): string | undefined => {
  if (packed.status !== 0) return undefined;
  const words = ['i', '-g', '--prefix', at('prefix'), '--omit=dev', '--ignore-scripts', at(tarball)];
  const tries = [npm(...words, '--offline'), ...(existsSync(at('prefix/bin/vdsowatch')) ? [] : [npm(...words)])];
  const last = tries.at(-1);
  if (last?.status === 0) return undefined;
  const why = `${last?.stderr ?? ''} ${last?.error?.message ?? ''}`;
  return /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|network/.test(why) ? 'npm has no network and no cache' : why;
};
const skip = install();

test('the tarball holds the program and nothing else', () => {
  assert.equal(packed.status, 0, packed.stderr);
  for (const file of ['package.json', 'README.md', 'LICENSE', 'src/launch.mjs', 'dist/src/main.js', 'dist/ui/app.js'])
    assert.ok(files.includes(file), file);
  assert.ok(files.some((file) => /^probes\/.*\.bt$/.test(file)));
  const odd = files.filter((file) => !/^(?:dist\/(?:src|ui)\/.*\.js|probes\/[^/]+\.bt)$/.test(file));
  assert.deepEqual(odd.sort(), ['LICENSE', 'README.md', 'package.json', 'src/bundle/capture.sh', 'src/launch.mjs']);
});

const manifest: { readonly version: string; readonly scripts: Record<string, string> } = JSON.parse(
  readFileSync(join(project, 'package.json'), 'utf8'),
);

test('nothing runs while it is installed', () => {
  assert.deepEqual(
    Object.keys(manifest.scripts).filter((name) => /install|^prepare$/.test(name)),
    [],
  );
});

/** From a folder that has nothing to do with it. */
const run = (...words: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(at('prefix/bin/vdsowatch'), words, { cwd: tmpdir(), encoding: 'utf8', timeout: 120_000 });

/** A loaded machine takes longer for the same; `attempt` returns what it saw instead. */
const patiently = (attempt: (seconds: string) => string | undefined): void => {
  let seen: string | undefined;
  for (const seconds of ['1', '5', '25']) {
    seen = attempt(seconds);
    if (seen === undefined) return;
  }
  assert.fail(`never seen; the last time: ${seen}`);
};

const installed = { ...(skip === undefined ? {} : { skip }) };

test('installed: no development dependencies, no compiler', installed, () => {
  const modules = at('prefix/lib/node_modules/vdsowatch/node_modules');
  assert.ok(lstatSync(join(modules, 'execa')).isDirectory());
  for (const name of ['typescript', 'fast-check', '@types', '@xterm'])
    assert.ok(!existsSync(join(modules, name)), name);
});

test('installed: every kind of verb runs from another folder', installed, () => {
  const version = run('--version');
  assert.deepEqual([version.stdout, version.stderr, version.status], [`${manifest.version}\n`, '', 0]);

  const pid = String(process.pid);
  const census = run('ps', pid);
  assert.match(census.stdout, new RegExp(`^${pid} +\\S`, 'm'));
  assert.equal(census.status, 0, census.stderr);

  patiently((seconds) => {
    const watched = run('watch', '--no-bpf', '--duration', seconds);
    assert.equal(watched.status, 0, watched.stderr);
    return /polling: asked to do without probes/.test(watched.stdout) ? undefined : watched.stdout;
  });

  mkdirSync(at('out'));
  const captured = run('capture', pid, '-o', at('out/bundle'));
  assert.equal(captured.status, 0, captured.stderr);
  const script = run('capture', '--script');
  assert.equal(script.stdout, readFileSync(join(project, 'src/bundle/capture.sh'), 'utf8'), script.stderr);
  const analyzed = run('analyze', at('out/bundle'), '--html', at('out/page.html'));
  assert.match(analyzed.stdout, new RegExp(`^${pid} +\\S`, 'm'));
  assert.equal(analyzed.status, 0, analyzed.stderr);
  assert.match(readFileSync(at('out/page.html'), 'utf8'), /^<!doctype html>/i);

  patiently((seconds) => {
    const file = at(`out/trace-${seconds}`);
    const recorded = run('record', '--no-bpf', '--duration', seconds, '-o', file);
    assert.equal(recorded.status, 0, recorded.stderr);
    const replayed = run('replay', file);
    return /census: \d+ processes/.test(replayed.stdout) ? undefined : `${replayed.stdout}${replayed.stderr}`;
  });
});

test('installed: the probes are where they are looked for', installed, () => {
  const packageFolder = at('prefix/lib/node_modules/vdsowatch');
  for (const file of files.filter((name) => name.startsWith('probes/')))
    assert.ok(existsSync(join(packageFolder, file)));
  const { stdout, stderr } = run('doctor');
  // Composing them takes all their files; who may not trace is told that instead.
  if (process.getuid?.() === 0) assert.match(stdout, /^\S+ +probes +\S/m);
  assert.doesNotMatch(stdout + stderr, /ENOENT|node:internal|Error:/);
});
