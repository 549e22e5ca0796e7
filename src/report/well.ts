import type { Told } from '../model/judged.js';

/** Nothing wrong was found, and a dump would not fail or lose anything. */
export const isWell = ({ verdict, forecast }: Told): boolean =>
  [...verdict.findings, ...(forecast?.findings ?? [])].every(({ severity }) => severity !== 'error');
