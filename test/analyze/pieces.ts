import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Piece, readPiece } from '../../src/analyze/piece.js';
import { recognise } from '../../src/analyze/recognise.js';

const CASES = fileURLToPath(new URL('../../../test/corpus/cases', import.meta.url));

/** Reads paths below the corpus; what they are called is the same wherever the tests run. */
export const readCorpus = async (...paths: readonly string[]): Promise<readonly Piece[]> => {
  const pieces: Piece[] = [];
  for (const path of paths) pieces.push(await readPath(`${CASES}/${path}`));
  return pieces.map((piece) => ({ ...piece, input: { ...piece.input, path: relative(CASES, piece.input.path) } }));
};

export const readPath = async (path: string): Promise<Piece> => {
  const input = recognise(path);
  assert.ok(input.ok, path);
  const piece = await readPiece(input.value, { criu: '4.2', wanted: () => true });
  assert.ok(piece.ok, piece.ok ? '' : piece.failure.text);
  return piece.value;
};
