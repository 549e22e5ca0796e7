import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { parseScript, type Script } from './script.js';

/** The folder probes/ of this package: beside src/, wherever that was compiled to. */
export const probesFolder = (): string | undefined => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); dirname(folder) !== folder; folder = dirname(folder))
    if (existsSync(join(folder, 'probes', 'heartbeat.bt'))) return join(folder, 'probes');
  return undefined;
};

/** All scripts of probes/, by name. */
export const readScripts = (folder = probesFolder()): Outcome<ReadonlyMap<string, Script>> => {
  const damaged = failure('bad-input', 'the folder probes/ of vdsowatch is missing or damaged', 'install it again');
  if (folder === undefined) return failed(damaged);
  const scripts = new Map<string, Script>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.bt'))) {
    const name = file.slice(0, -'.bt'.length);
    const script = parseScript(name, readFileSync(join(folder, file), 'latin1'));
    if (script === undefined) return failed(damaged);
    scripts.set(name, script);
  }
  return success(scripts);
};
