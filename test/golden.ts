import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compares text with test/golden/NAME.ENDING; UPDATE_GOLDEN=1 writes it. */
export const goldenText = (name: string, text: string, ending = 'txt'): void => {
  const file = fileURLToPath(new URL(`../../test/golden/${name}.${ending}`, import.meta.url));
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.ok(existsSync(file), `no ${file}: make it with UPDATE_GOLDEN=1 and look at it`);
  assert.equal(text, readFileSync(file, 'utf8'));
};
