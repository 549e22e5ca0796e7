import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBundle } from '../../src/bundle/read.js';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import type { Evidence } from '../../src/model/evidence.js';
import type { Forecast, Verdict } from '../../src/model/verdict.js';
import { hex } from '../../src/text/hex.js';

/** One field of an expect.json against what was judged. */
export interface FieldResult {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
  readonly agrees: boolean;
}

export interface CaseResult {
  readonly name: string;
  readonly fields: readonly FieldResult[];
}

const SOURCE = fileURLToPath(new URL('../../../test/corpus/cases', import.meta.url));
const SHARED = fileURLToPath(new URL('../../../../shared/corpus', import.meta.url));

/** Case directories of the project's own copy, and of the collection beside it when it is there. */
export const caseDirectories = (): readonly string[] =>
  [SOURCE, SHARED].filter(existsSync).flatMap((root) =>
    readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'expect.json')))
      .map((entry) => join(root, entry.name))
      .sort(),
  );

export const readJson = (path: string): Record<string, unknown> => {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isRecord(value)) throw new Error(`${path} is not an object`);
  return value;
};

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const onlyProcess = async (bundle: string): Promise<Evidence> => {
  const contents = await readBundle(bundle);
  if (!contents.ok) throw new Error(contents.failure.text);
  const [evidence] = contents.value.processes;
  if (evidence === undefined || contents.value.processes.length !== 1) throw new Error(`${bundle}: not one process`);
  return evidence;
};

/** Judges the bundle of a case and compares every field that its expect.json names. */
export const runCase = async (directory: string): Promise<CaseResult> => {
  const expected = readJson(join(directory, 'expect.json'));
  const evidence = await onlyProcess(join(directory, 'bundle'));
  const verdict = judge(evidence);
  const wanted = expected['forecast'];
  const version = isRecord(wanted) && typeof wanted['criu'] === 'string' ? wanted['criu'] : '4.2';
  const actual = machineForm(verdict, forecast(evidence, verdict, version));
  const fields = Object.entries(expected).flatMap(([field, value]) => compare(field, value, actual[field]));
  return { name: directory.split('/').at(-1) ?? directory, fields };
};

const compare = (field: string, expected: unknown, actual: unknown): readonly FieldResult[] => {
  if (isRecord(expected) && isRecord(actual)) {
    // A case names all mappings that are the vDSO or may be taken for it: one more is a wrong one.
    const keys = Object.keys(field === 'mappings' ? { ...actual, ...expected } : expected);
    return keys.flatMap((key) => compare(`${field}.${key}`, expected[key], actual[key]));
  }
  const said = (value: unknown): string => JSON.stringify(value) ?? 'not named';
  const [one, other] = [said(expected), said(actual)];
  return [{ field, expected: one, actual: other, agrees: one === other }];
};

/** The fields of the machine output that the corpus judges, under its names. */
const machineForm = (verdict: Verdict, forecasted: Forecast): Record<string, unknown> => ({
  vdso:
    verdict.vdso === undefined
      ? 'unknown'
      : verdict.vdso === null
        ? null
        : {
            start: hex(verdict.vdso.start),
            image: verdict.vdso.image ?? null,
            moved: verdict.vdso.moved ?? null,
            modifiedPages: verdict.vdso.modifiedPages ?? null,
            vvarAttached: verdict.vdso.vvarAttached ?? null,
          },
  hint: verdict.hint ?? null,
  mappings: Object.fromEntries(verdict.mappings.map((mapping) => [hex(mapping.start), mapping.class])),
  forecast: {
    criu: forecasted.criu,
    dump: forecasted.dump ?? null,
    restore: forecasted.restore === undefined ? 'unknown' : forecasted.restore,
    loss: forecasted.loss ?? null,
  },
});
