import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';

const src = new URL('../../src/', import.meta.url);
const ui = new URL('../../ui/', import.meta.url);

interface Import {
  /** By its path in src/ or ui/. */
  readonly file: string;
  /** The same, without its ending; "../ui/app" out of src/. A package or a module of Node by its name. */
  readonly to: string;
}

/** What the files of a folder import, its own files and others. */
const importsIn = (folder: URL): readonly Import[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((file) =>
      [...readFileSync(new URL(file, folder), 'utf8').matchAll(/(?:\bfrom|\bimport\(|^import) *'([^']+)'/gm)].map(
        ([, to = '']) => ({ file, to: to.startsWith('.') ? join(dirname(file), to).replace(/\.js$/, '') : to }),
      ),
    );

const isOutside = ({ to }: Import): boolean => !existsSync(new URL(`${to}.ts`, src));
const all = importsIn(src);
const imports = all.filter((one) => !isOutside(one));

test('the imports are not found', () => assert.ok(imports.length > 500, `${imports.length}`));

const folderOf = (path: string): string => path.split('/')[0] ?? '';
const said = ({ file, to }: Import): string => `src/${file} imports ${to}`;

/** Folders that everything stands on, and all that they stand on themselves. */
const FOUNDATION: Readonly<Record<string, readonly string[]>> = {
  text: [],
  gzip: [],
  model: ['text'],
  elf: ['model', 'text'],
  // What the images of a vDSO hold is evidence, and elf/ is how it is told: the symbols that a proxy redirects, the
  // tables that CRIU's symbol check reads, the code that alternatives change.
  judge: ['model', 'text', 'elf'],
  proc: ['model', 'text'],
  bundle: ['gzip', 'model', 'text', 'proc'],
  bpftrace: ['model', 'text', 'judge', 'proc'],
  pipeline: ['model', 'text', 'judge', 'proc', 'bpftrace'],
  // A dump.log lists mappings as /proc/PID/maps does.
  criu: ['model', 'text', 'elf', 'judge', 'proc'],
};

for (const [folder, below] of Object.entries(FOUNDATION)) {
  test(`a file of src/${folder}/ imports what is not below it`, () => {
    assert.ok(existsSync(new URL(folder, src)), 'the folder is there');
    const own = imports.filter(({ file }) => folderOf(file) === folder);
    assert.deepEqual(own.filter(({ to }) => ![folder, ...below].includes(folderOf(to))).map(said), []);
  });
}

test('a folder of src/ needs another that needs it', () => {
  const needs = new Map<string, Set<string>>();
  for (const { file, to } of imports) {
    const [one, other] = [folderOf(file), folderOf(to)];
    if (one !== other) needs.set(one, (needs.get(one) ?? new Set()).add(other));
  }
  // What needs nothing that is left goes, again and again: what stays stands in a circle, or above one.
  for (let count = -1; count !== needs.size; ) {
    count = needs.size;
    for (const [folder, others] of needs) if (![...others].some((other) => needs.has(other))) needs.delete(folder);
  }
  assert.deepEqual([...needs.keys()], []);
});

test('a rule reads or writes, or needs a package', () => {
  const known = new Set([
    // Schemas of what leaves the program, and the names of error numbers.
    '@sinclair/typebox',
    'node:os',
  ]);
  const isRule = ({ file }: Import): boolean => /^(?:text|model|elf|judge|analyze\/join)\//.test(file);
  assert.deepEqual(all.filter((one) => isRule(one) && isOutside(one) && !known.has(one.to)).map(said), []);
});

test('a part of src/ imports ui/, which only main does, and only for a screen', () => {
  assert.deepEqual(
    [...new Set(all.filter(({ to }) => to.startsWith('../ui/')).map(said))],
    ['src/main.ts imports ../ui/app'],
  );
  assert.doesNotMatch(readFileSync(new URL('main.ts', src), 'utf8'), /from '\.\.\/ui/);
});

test('ui/ imports a rule: it shows words that the judge chose', () => {
  const known = new Set(['../src/judge/words', '../src/judge/baseline']);
  const below = importsIn(ui).filter(({ to }) => to.startsWith('../src/') && !known.has(to));
  assert.ok(below.length > 20, `${below.length}`);
  assert.deepEqual(
    below
      .filter(({ to }) => !/^\.\.\/src\/(?:model|text)\//.test(to))
      .map(({ file, to }) => `ui/${file} imports ${to}`),
    [],
  );
});

/** They say why. */
const LONG: ReadonlySet<string> = new Set(['src/criu/schema/image_pb.ts', 'src/trace/line-cursor.ts']);

test('a file has more than 200 lines: it holds two things', () => {
  const long = ['src', 'ui'].flatMap((folder) =>
    readdirSync(new URL(`../${folder}/`, src), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`)
      .filter((file) => readFileSync(new URL(`../${file}`, src), 'utf8').split('\n').length > 201),
  );
  assert.deepEqual(long.sort(), [...LONG].sort());
});

/** Files that a comment names, beside its own (for a test: that it tests), in src/, or by the whole path. */
const namedIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ *(?:\*|\/[*/]).*$/gm)].flatMap(
    ([comment]) => comment.match(/[\w.-]+(?:\/[\w.-]+)*\.(?:ts|mjs|bt)\b/g) ?? [],
  );

test('a comment names a file that is not there', () => {
  const root = new URL('../', src);
  const named = ['src', 'ui', 'test', 'probes'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|mjs|bt)$/.test(name))
      .flatMap((name) => {
        const file = `${folder}/${name}`;
        return namedIn(readFileSync(new URL(file, root), 'utf8')).map((to) => ({ file, to }));
      }),
  );
  assert.ok(named.length > 30, `${named.length}`);
  const isThere = ({ file, to }: Import): boolean =>
    [`${dirname(file)}/${to}`, `src/${to}`, `probes/${to}`, `${dirname(file).replace(/^test/, 'src')}/${to}`, to].some(
      (path) => existsSync(new URL(path, root)),
    );
  assert.deepEqual(
    named.filter((one) => !isThere(one)).map(({ file, to }) => `${file} names ${to}`),
    [],
  );
});

/** report/ prints. These make the very lines that it prints, or have to say why they give up. */
const PRINTERS: ReadonlySet<string> = new Set([
  // A recording holds the lines as `watch -o ndjson` prints them, and `replay` prints them again.
  'src/trace/encoder.ts imports report/event-json',
  'src/trace/said-lines.ts imports report/lines',
  // A command that cannot be started, an output that cannot be written: said on standard error, and the exit status.
  'src/trace/command.ts imports report/complain',
  'src/trace/line-output.ts imports report/complain',
  // A table of its own, laid out as all tables are.
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
