import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';

/** A folder of its own for a test. */
export const testFolder = (context: TestContext): string => {
  const path = made();
  context.after(() => remove(path));
  return path;
};

/** One for all tests of a file: goes with the last of them. */
export const fileFolder = (): string => {
  const path = made();
  after(() => remove(path));
  return path;
};

const made = (): string => mkdtempSync(join(tmpdir(), 'vdsowatch-test-'));
const remove = (path: string): void => rmSync(path, { recursive: true, force: true });
