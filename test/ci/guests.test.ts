import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** .ci/guests with programs of its own: its mirror has everything, and a disk holds the guest-init of its tree alone. */

const CI = fileURLToPath(new URL('../../../.ci', import.meta.url));
const PROGRAMS: Readonly<Record<string, string>> = {
  'apt-get': 'case "$*" in *indextargets*) echo http://mirror ;; esac',
  unshare: 'mkdir -p "$6/usr/bin"',
  node: '',
  mke2fs: 'cat "$6/guest-init" >"$9"',
};
const GUESTS = ['5.10-trixie', '6.1-bookworm', '6.12-trixie', '7.3-sid'];

const withGuests = async (
  body: (place: {
    readonly init: string;
    readonly disks: () => readonly string[];
    readonly make: () => Promise<string>;
  }) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-ci-'));
  const at = (...names: readonly string[]): string => join(folder, ...names);
  try {
    cpSync(join(CI, 'guests'), at('ci', 'guests'));
    cpSync(join(CI, 'guest-init'), at('ci', 'guest-init'));
    mkdirSync(at('bin'));
    for (const [name, script] of Object.entries(PROGRAMS))
      writeFileSync(at('bin', name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
    for (const suite of ['trixie', 'sid']) {
      mkdirSync(at('roots', suite, 'usr', 'bin'), { recursive: true });
      mkdirSync(at('roots', suite, 'here'));
    }
    mkdirSync(at('roots', 'guests', '.apt'), { recursive: true });
    writeFileSync(at('roots', 'guests', '.apt', 'updated'), '');
    for (const guest of GUESTS) {
      mkdirSync(at('roots', 'guests', guest));
      writeFileSync(at('roots', 'guests', guest, 'kernel'), '');
    }
    await body({
      init: at('ci', 'guest-init'),
      disks: () => readdirSync(at('roots', 'guests')).filter((name) => name.endsWith('.img')),
      make: async () => {
        const env = {
          PATH: `${at('bin')}${delimiter}${process.env['PATH']}`,
          VDSOWATCH_TEST_ROOTS: at('roots'),
        };
        const { all, exitCode } = await execa('bash', [at('ci', 'guests')], { env, all: true, reject: false });
        assert.equal(exitCode, 0, all);
        for (const guest of GUESTS)
          assert.equal(
            readFileSync(at('roots', 'guests', guest, 'root.img'), 'utf8'),
            readFileSync(at('ci', 'guest-init'), 'utf8'),
            all,
          );
        return all;
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

test('a guest boots from a disk that has an older guest-init', async () => {
  await withGuests(async ({ init, disks, make }) => {
    await make();
    const before = disks();
    appendFileSync(init, '# and more\n');
    await make();
    assert.deepEqual([before.length, disks().length], [3, 3], 'one disk for each suite, and none is left of before');
    assert.ok(before.every((name) => !disks().includes(name)));
  });
});

test('a disk is made anew although guest-init is what it was', async () => {
  await withGuests(async ({ make }) => {
    await make();
    assert.match(await make(), /^(.*in \S+ already\n?){4}$/);
  });
});
