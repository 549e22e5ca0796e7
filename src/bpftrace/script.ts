import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failed, failure, type Outcome, success } from '../model/failure.js';

/** A bpftrace script of probes/, taken apart as far as the composer leaves things out: by probe. */
export interface Script {
  /** File name without ".bt". */
  readonly name: string;
  /** `#define NAME value`, in order. */
  readonly defines: ReadonlyMap<string, string>;
  readonly probes: readonly Probe[];
}

/** Attach points that share a predicate and a body. */
export interface Probe {
  readonly points: readonly string[];
  /** Predicate and body as written, without comments. */
  readonly action: string;
}

/**
 * Reads what probes/ is written in: comments, #define lines, probes whose strings hold no braces or comment marks.
 * undefined when braces do not match: the package is damaged.
 */
export const parseScript = (name: string, text: string): Script | undefined => {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, '');
  const defines = new Map([...bare.matchAll(/^#define (\w+) (.*)$/gm)].map(([, key = '', value = '']) => [key, value]));
  const code = bare.replace(/^#.*$/gm, '');
  const probes: Probe[] = [];
  let from = 0;
  while (code.slice(from).trim() !== '') {
    const end = closing(code, code.indexOf('{', from));
    if (end === undefined) return undefined;
    const probe = code.slice(from, end).trim();
    const points = /^[\s\w:,]+/.exec(probe)?.[0] ?? '';
    probes.push({
      points: points.split(',').map((point) => point.trim()),
      action: probe.slice(points.length).replace(/\n\s*\n/g, '\n'),
    });
    from = end;
  }
  return { name, defines, probes };
};

/** The index after the brace that closes the one at `open`. */
const closing = (code: string, open: number): number | undefined => {
  if (open < 0) return undefined;
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === '{') depth += 1;
    if (code[at] === '}' && --depth === 0) return at + 1;
  }
  return undefined;
};

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
