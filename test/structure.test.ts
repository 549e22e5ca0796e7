import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';

const src = new URL('../../src/', import.meta.url);

/** What a file of src/ imports from src/, as paths in it without their endings. */
const importsOf = (file: string): readonly string[] =>
  [...readFileSync(new URL(file, src), 'utf8').matchAll(/(?:\bfrom|\bimport\(|^import) *'(\.[^']+)\.js'/gm)].map(
    ([, to = '']) => join(dirname(file), to),
  );

const imports = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .flatMap((file) => importsOf(file).map((to) => ({ file, to })));

test('the imports are not found', () => assert.ok(imports.length > 500, `${imports.length}`));

const folderOf = (path: string): string => path.split('/')[0] ?? '';
const said = ({ file, to }: { readonly file: string; readonly to: string }): string => `src/${file} imports ${to}`;

/** Folders that everything stands on, and all that they stand on themselves. */
const FOUNDATION: Readonly<Record<string, readonly string[]>> = {
  text: [],
  model: ['text'],
  elf: ['model', 'text'],
  // What the images of a vDSO hold is evidence, and elf/ is how it is told: the symbols that a proxy redirects, the
  // tables that CRIU's symbol check reads, the code that alternatives change.
  judge: ['model', 'text', 'elf'],
  proc: ['model', 'text'],
  bundle: ['model', 'text', 'proc'],
  bpftrace: ['model', 'text', 'judge', 'proc'],
  pipeline: ['model', 'text', 'judge', 'proc', 'bpftrace'],
  // A dump.log lists mappings as /proc/PID/maps does.
  criu: ['model', 'text', 'elf', 'judge', 'proc'],
};

for (const [folder, below] of Object.entries(FOUNDATION)) {
  test(`a file of src/${folder}/ imports what is not below it`, () => {
    assert.ok(existsSync(new URL(folder, src)), 'the folder is there');
    const all = imports.filter(({ file }) => folderOf(file) === folder);
    assert.deepEqual(all.filter(({ to }) => ![folder, ...below].includes(folderOf(to))).map(said), []);
  });
}

/** report/ prints. These make the very lines that it prints, or have to say why they give up. */
const PRINTERS: ReadonlySet<string> = new Set([
  // A recording holds the lines as `watch -o ndjson` prints them, and `replay` prints them again.
  'src/trace/encoder.ts imports report/event-json',
  'src/trace/said-lines.ts imports report/lines',
  // A command that cannot be started, an output that cannot be written: said on standard error, and the exit status.
  'src/trace/command.ts imports report/complain',
  'src/trace/line-output.ts imports report/complain',
  // Tables of their own, laid out as all tables are.
  'src/doctor/report.ts imports report/table',
  'src/hint/table.ts imports report/table',
]);

test('what finds things out imports the printer', () => {
  const faces = new Set(['report', 'commands', 'verbs', 'main.ts']);
  const found = imports.filter(({ file, to }) => folderOf(to) === 'report' && !faces.has(folderOf(file))).map(said);
  assert.deepEqual(
    found.filter((one) => !PRINTERS.has(one)),
    [],
  );
  // An exception that nobody needs any more would let the next one in.
  assert.deepEqual(
    [...PRINTERS].filter((one) => !found.includes(one)),
    [],
  );
});
