import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { codeOf, type Failure, failure } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { cannotWrite } from './create-file.js';

/** The files of a rotated recording, newest first: FILE, FILE.1, FILE.2, ... */
export const partPath = (path: string, age: number): string => (age === 0 ? path : `${path}.${age}`);

/** Before the first of them: what has the name of a later one is not ours, and would go. Undefined: all are free. */
export const takenPart = (path: string, keep: number): Failure | undefined => {
  const ages = Array.from({ length: Math.max(1, keep - 1) }, (_, index) => index + 1);
  const taken = ages.map((age) => partPath(path, age)).find((part) => existsSync(part));
  return taken === undefined
    ? undefined
    : failure(
        'cannot-write',
        `${escapeText(taken)} is there already, and a rotation is not written over it.`,
        'Give another name, or remove it first.',
      );
};

/** Moves FILE out of the way and the older ones on; the oldest beyond `keep` files goes. Undefined: done. */
export const makeRoom = async (path: string, keep: number): Promise<Failure | undefined> => {
  const oldest = Math.max(1, keep - 1);
  try {
    await rm(partPath(path, keep <= 1 ? 0 : oldest), { force: true });
    for (let age = oldest - 1; age >= 0; age -= 1) await moveOn(path, age);
    return undefined;
  } catch (error) {
    return cannotWrite(path, error);
  }
};

const moveOn = async (path: string, age: number): Promise<void> => {
  try {
    await rename(partPath(path, age), partPath(path, age + 1));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};
