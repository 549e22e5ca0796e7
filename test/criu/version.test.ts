import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installedCriu } from '../../src/criu/installed.js';
import { canRunOn, compareVersions, versionText } from '../../src/criu/version.js';
import { parseCriuVersion } from '../../src/judge/criu/version.js';
import { temporaryDirectory } from './image-directory.js';

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

test('before 4.1 no CRIU starts where processes have [vvar_vclock]', () => {
  assert.equal(canRunOn(version('4.0'), { hasVclock: true }).runs, false);
  assert.equal(canRunOn(version('4.1'), { hasVclock: true }).runs, true);
  assert.equal(canRunOn(version('3.17.1'), { hasVclock: false }).runs, true);
});

test('an installed CRIU is asked; one that is missing or odd is a sentence with a mend', async (context) => {
  const root = temporaryDirectory(context);
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
