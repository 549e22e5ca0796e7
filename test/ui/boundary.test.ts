import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../../', import.meta.url);
const importsOf = (folder: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => {
        const text = readFileSync(new URL(`${folder}/${name}`, root), 'utf8');
        return [
          `${folder}/${name}`,
          [...text.matchAll(/^(?:import|export)[^;]*?from '([^']+)'|import\('([^']+)'\)/gm)].map(([whole]) => whole),
        ];
      }),
  );

test('only ui/screen.ts knows blessed', () => {
  const files = [...importsOf('ui'), ...importsOf('src')].filter(([, lines]) =>
    lines.some((line) => /'blessed/.test(line)),
  );
  assert.deepEqual(
    files.map(([name]) => name),
    ['ui/screen.ts'],
  );
});

test('src/ reaches ui/ only by a dynamic import', () => {
  for (const [name, lines] of importsOf('src')) {
    for (const line of lines) assert.ok(!/\/ui\//.test(line) || line.startsWith('import('), `${name}: ${line}`);
  }
});

test('ui/ takes types from the program, and the words it shows; no rule about a vDSO', () => {
  const allowed = /\.\.\/src\/(text|model)\/|\.\.\/src\/judge\/words\.js/;
  const files = importsOf('ui');
  assert.ok(files.size > 10);
  for (const [name, lines] of files) {
    for (const line of lines.filter((one) => one.includes('../src/'))) {
      assert.ok(line.startsWith('import type ') || allowed.test(line), `${name}: ${line}`);
    }
  }
});
