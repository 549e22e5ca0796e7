import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installedCriu } from '../../src/criu/installed.js';
import { hasOnlyGnuHash, noStart } from '../../src/judge/criu/start.js';
import { compareVersions, newerThanKnown, parseCriuVersion, versionText } from '../../src/judge/criu/version.js';
import { parseRelease } from '../../src/judge/release.js';
import { testFolder } from '../folder.js';

const version = (text: string) => {
  const parsed = parseCriuVersion(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
};

test('what criu --version prints, in every shape of it', () => {
  assert.deepEqual(version('Version: 4.1.1\nGitID: v4.1.1'), { major: 4, minor: 1, patch: 1 });
  assert.deepEqual(version('v3.17.1'), { major: 3, minor: 17, patch: 1 });
  assert.equal(versionText(version('Version: 4.2 (gitid v4.2-22-g2cf8f13ca)')), '4.2');
  for (const text of ['', 'criu', '4', 'Version: x.y', '1.2.3.4'])
    assert.equal(parseCriuVersion(text), undefined, text);
});

test('versions are compared by number, not by their letters', () => {
  assert.ok(compareVersions(version('3.18'), version('3.9')) > 0);
  assert.ok(compareVersions(version('4.1'), version('4.1.1')) < 0);
});

test('before 4.1 no CRIU starts where processes have [vvar_vclock], or the vDSO a GNU hash table only', () => {
  const plain = { hasVclock: false, onlyGnuHash: false, bigEndian: false };
  assert.match(noStart(version('4.0'), { ...plain, hasVclock: true })?.lacks ?? '', /vvar_vclock/);
  assert.match(noStart(version('4.0'), { ...plain, onlyGnuHash: true })?.lacks ?? '', /GNU hash/);
  assert.equal(noStart(version('4.1'), { ...plain, hasVclock: true, onlyGnuHash: true }), undefined);
  assert.equal(noStart(version('3.17.1'), plain), undefined);
});

test('4.2 alone does not start on a big-endian machine: its check of the ELF header knows the other order only', () => {
  const s390 = { hasVclock: false, onlyGnuHash: false, bigEndian: true };
  assert.equal(noStart(version('4.2'), s390)?.line, 'Unsupported ELF data encoding: 2');
  for (const other of ['3.19', '4.1.1', '4.3']) assert.equal(noStart(version(other), s390), undefined, other);
});

test('arm64 has a GNU hash table only since 6.11; a release that is not known says nothing', () => {
  const only = (machine: string | undefined, release: string | undefined): boolean =>
    hasOnlyGnuHash(machine, parseRelease(release));
  assert.ok(only('aarch64', '6.11.0') && only('aarch64', '7.0'));
  for (const [machine, release] of [
    ['aarch64', '6.10.14'],
    ['aarch64', undefined],
    ['x86_64', '6.12.0'],
    [undefined, '6.12.0'],
  ] as const)
    assert.ok(!only(machine, release), `${machine} ${release}`);
});

test('an installed CRIU is asked; one that is missing or odd is a sentence with a mend', async (context) => {
  const root = testFolder(context);
  const script = (name: string, body: string): string => {
    const path = join(root, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const good = await installedCriu(script('good', 'echo Version: 4.2.1'));
  assert.deepEqual(good, { ok: true, value: { major: 4, minor: 2, patch: 1 } });
  const odd = await installedCriu(script('odd', 'echo nonsense'));
  assert.ok(!odd.ok && odd.failure.text.endsWith('prints no version.'));
  const absent = await installedCriu(join(root, 'absent'));
  assert.ok(!absent.ok && absent.failure.text.endsWith('is not installed.'));
});

test('a CRIU that nobody knows yet is not forecast in silence; patch levels are known', () => {
  assert.match(newerThanKnown('9.9') ?? '', /^CRIU 9\.9 is newer .* as 4\.2 does\.$/);
  for (const known of ['4.2', '4.2.1', '4.1.1', '3.17.1', '1.0', 'nonsense'])
    assert.equal(newerThanKnown(known), undefined);
});
