import type { Judged } from './process.js';

/** Nothing wrong was found, and a dump would not fail or lose anything. */
export const isWell = ({ verdict, forecast }: Judged): boolean =>
  [...verdict.findings, ...(forecast?.findings ?? [])].every(({ severity }) => severity !== 'error');
