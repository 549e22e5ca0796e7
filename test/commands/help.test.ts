import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './run-program.js';

/** Has Node say every module it resolves, on stderr. */
const hooks = `import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  writeSync(2, found.url + '\\n');
  return found;
}`;
const register = `import { register } from 'node:module';
register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
const TELLING = ['--import', `data:text/javascript,${encodeURIComponent(register)}`];

test('help and version load neither rxjs nor blessed, nor anything else that they do not need', async () => {
  for (const words of [['--help'], ['--version'], ['ps', '--help'], ['help', 'watch'], ['frobnicate']]) {
    const { errors } = await runProgram(words, { node: TELLING });
    const modules = errors.match(/^file:\S+$/gm) ?? [];
    assert.ok(
      modules.some((url) => url.includes('/commander/')),
      'the hook tells what is loaded',
    );
    assert.deepEqual(
      modules.filter((url) =>
        /\/node_modules\/(?!commander\/)|\/dist\/(?:ui|src\/(?:pipeline|judge|proc))\//.test(url),
      ),
      [],
      words.join(' '),
    );
  }
  const { errors } = await runProgram(['ps'], { node: TELLING });
  assert.doesNotMatch(errors, /\/(?:rxjs|blessed|execa)\//, 'ps');
});

test('a call of CRIU for what the hook does not look at loads nothing that looks: the tree is frozen meanwhile', async () => {
  const call = async (action: string) => {
    const env = { ...process.env, CRTOOLS_SCRIPT_ACTION: action, CRTOOLS_INIT_PID: '', CRTOOLS_IMAGE_DIR: '' };
    return await runProgram(['hook'], { node: TELLING, env });
  };
  for (const action of ['network-lock', 'post-restore', 'an-action-of-a-later-criu']) {
    const { errors, status } = await call(action);
    assert.equal(status, 0, action);
    assert.match(errors, /\/dist\/src\/hook\/call\.js$/m);
    assert.doesNotMatch(errors, /\/dist\/src\/(?:judge|proc|criu|trace)\//, action);
  }
  assert.match((await call('pre-dump')).errors, /\/dist\/src\/judge\//);
});

test('every verb has a help of its own, on standard output, no wider than a terminal', async () => {
  const { out, errors, status } = await runProgram(['--help']);
  assert.deepEqual([errors, status], ['', 0]);
  const verbs = [...out.matchAll(/^ {2}([a-z]+)(?: \[| <| {2})/gm)].flatMap(([, verb]) => verb ?? []);
  for (const verb of [
    'watch',
    'ps',
    'check',
    'hint',
    'record',
    'replay',
    'capture',
    'analyze',
    'diff',
    'doctor',
    'schema',
  ])
    assert.ok(verbs.includes(verb), verb);
  assert.match(out, /Exit status:\n +0 +all well/);
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
  for (const verb of verbs.filter((name) => name !== 'help')) {
    const help = await runProgram([verb, '--help']);
    assert.deepEqual([help.errors, help.status], ['', 0]);
    assert.match(help.out, new RegExp(`^Usage: vdsowatch ${verb} `));
    assert.doesNotMatch(help.out, /default: false|undefined/);
    for (const line of help.out.split('\n')) assert.ok(line.length <= 80, line);
  }
});
