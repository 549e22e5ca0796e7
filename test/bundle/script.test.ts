import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { captureScript } from '../../src/bundle/script.js';
import { MOST } from '../../src/bundle/write-collect.js';
import { LOOKS } from '../../src/proc/settle.js';
import { onPath } from '../live/needs.js';

const read = captureScript();
assert.ok(read.ok);
const script = read.value;

for (const [program, ...words] of [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const)
  test(`${program} does not take what \`capture --script\` prints for a script`, {
    skip: onPath(program) === undefined && `there is no ${program}`,
  }, () => {
    assert.match(script, /^#!\/bin\/sh\n/);
    const { status, stderr } = spawnSync(program, [...words, '-n'], { input: script, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
  });

test('the script believes less, or looks at other pages, than vdsowatch itself', () => {
  const limits = [...script.matchAll(/^(\w+_\w+)=(\d+)$/gm)].map(([, name, value]) => [name, Number(value)]);
  assert.deepEqual(Object.fromEntries(limits), {
    usual_looks: LOOKS.usual,
    odd_looks: LOOKS.odd,
    most_looks: LOOKS.most,
    most_rounds: MOST.rounds,
    most_mappings: MOST.mappings,
    most_pages: MOST.pages,
    most_pages_of_bytes: MOST.pagesOfBytes,
  });
  for (const [name] of limits) assert.match(script, new RegExp(`\\$${name}\\b`), `${name} is not used`);
});

test('a package without the script says so, and what mends it', () => {
  const absent = captureScript(new URL('file:///nowhere/capture.sh'));
  assert.ok(!absent.ok && /capture\.sh .* missing/.test(absent.failure.text) && absent.failure.mend !== null);
});
