import type { Evidence } from '../../src/model/evidence.js';

/** Everything that a reader may have failed to read, taken away one by one. Never maps: then nothing is claimed. */
export const REMOVALS: Readonly<Record<string, (evidence: Evidence) => Evidence>> = {
  pagemap: (evidence) => ({ ...evidence, pagemap: new Map() }),
  kpageflags: (evidence) => ({ ...evidence, kpageflags: new Map() }),
  bytes: (evidence) => ({ ...evidence, bytes: new Map() }),
  smaps: (evidence) => ({ ...evidence, smaps: undefined }),
  auxv: (evidence) => ({ ...evidence, auxv: undefined }),
  reference: (evidence) => ({ ...evidence, host: { ...evidence.host, reference: new Map() } }),
  hintTest: (evidence) => ({ ...evidence, host: { ...evidence.host, hintTest: 'unknown' } }),
  release: (evidence) => ({ ...evidence, host: { ...evidence.host, release: undefined } }),
  machine: (evidence) => ({ ...evidence, host: { ...evidence.host, machine: undefined } }),
  namespaces: (evidence) => ({ ...evidence, namespaces: new Map() }),
  // As a reader without CAP_SYS_ADMIN gets them: flags, no frames.
  frames: (evidence) => ({
    ...evidence,
    pagemap: new Map([...evidence.pagemap].map(([at, words]) => [at, words.map(withoutFrame)])),
  }),
  lastPages: (evidence) => ({
    ...evidence,
    pagemap: new Map([...evidence.pagemap].map(([at, words]) => [at, words.slice(0, Math.max(1, words.length - 1))])),
  }),
  shortBytes: (evidence) => ({
    ...evidence,
    bytes: new Map([...evidence.bytes].map(([at, bytes]) => [at, bytes.slice(0, 64)])),
  }),
};

const withoutFrame = (word: bigint): bigint => ((word >> 63n) & 1n ? word & ~((1n << 55n) - 1n) : word);

export const poorer = (evidence: Evidence, removals: readonly string[]): Evidence =>
  removals.reduce((rest, name) => REMOVALS[name]?.(rest) ?? rest, evidence);
