import { readFileSync } from 'node:fs';

/** Of this program. dist/src/ and an installed package both have package.json two folders up. */
export const ownVersion = (): string => {
  const text: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof text === 'object' && text !== null && 'version' in text ? String(text.version) : 'unknown';
};
