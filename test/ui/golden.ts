import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Compares lines with test/golden/ui/NAME.txt; UPDATE_GOLDEN=1 writes it. Each line ends with a mark, so that blanks
 * at the end are seen and kept.
 */
export const golden = (name: string, lines: readonly string[]): void => {
  const file = fileURLToPath(new URL(`../../../test/golden/ui/${name}.txt`, import.meta.url));
  const text = lines.map((line) => `${line.replaceAll('\x1b', '\\e')}|\n`).join('');
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.ok(existsSync(file), `no ${file}: make it with UPDATE_GOLDEN=1 and look at it`);
  assert.equal(text, readFileSync(file, 'utf8'));
};
