import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { type Breakage, gunzip } from '../gzip/gunzip.js';
import { cannotOpen, codeOf, type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { printable } from '../text/escape.js';
import { type BundleFiles, fileLimit, LIMITS, type Loaded, whole } from './files.js';
import { notPlain, tooLarge } from './read-directory.js';
import { type Break, folderOfProcesses, salvage } from './salvage.js';

/**
 * Reads a bundle from a tar archive, plain or gzipped, without writing anything anywhere. Names that lead out of the
 * archive, links and devices are refused; what it unpacks to is counted and stopped at a limit. The bundle may be in
 * a folder of the archive: the folder that holds bundle.json. Of one that is damaged or cut short, what came before.
 */
export const readArchive = async (path: string, gzipped: boolean): Promise<Outcome<Loaded>> => {
  const { loaded, how } = await attempt(path, gzipped);
  // What was unpacked shortly before the damage is to be had by small steps alone, of which each takes its time.
  return how === undefined || how === 'cut' ? loaded : (await attempt(path, gzipped, STEP)).loaded;
};

/** Also of blocks of zeros that end an archive (POSIX pax, "ustar Interchange Format"): they may be lost. */
const STEP = 1024;

interface Attempt {
  readonly loaded: Outcome<Loaded>;
  /** Of the compressed data; undefined: it is whole, or there is none. */
  readonly how: Breakage | undefined;
}

const attempt = async (path: string, gzipped: boolean, step?: number): Promise<Attempt> => {
  const raw = new Map<string, Uint8Array>();
  const met: Met = { problem: undefined, how: undefined, within: undefined, last: undefined };
  let [total, entries, unpacked] = [0, 0, 0];
  const unpackedParts = async function* (): AsyncGenerator<Buffer> {
    const source: AsyncIterable<Buffer> = createReadStream(path);
    for await (const part of gzipped ? gunzip(source, step) : source) {
      if ('broken' in part) {
        met.how = part.how;
        return;
      }
      unpacked += part.length;
      if (unpacked > LIMITS.unpacked) throw halt(tooLarge('the unpacked archive', unpacked, LIMITS.unpacked));
      if (part.length > 0) yield part;
    }
  };
  const halt = (problem: Failure): Error => {
    met.problem ??= problem;
    return new Error(problem.text);
  };
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    // The archive's own error comes out of the pipeline; without a listener the entry's would end the program.
    stream.on('error', () => undefined);
    const chunks: Uint8Array[] = [];
    const name = cleanName(header.name);
    entries += 1;
    met.within = name;
    const refused = refuse(header.name, name, header.type ?? 'file', entries);
    if (refused !== undefined) return next(halt(refused));
    const wanted = header.type === 'file' && name !== undefined && isNearRoot(name);
    const limit = wanted ? fileLimit(inBundle(name)) : undefined;
    if (limit !== undefined && name !== undefined) {
      const size = header.size ?? 0;
      if (size > limit) return next(halt(tooLarge(name, size, limit)));
      total += size;
      if (total > LIMITS.total) return next(halt(tooLarge('the bundle', total, LIMITS.total)));
      if (raw.has(name)) return next(halt(twice(name)));
      stream.on('data', (chunk) => {
        if (chunk instanceof Uint8Array) chunks.push(chunk);
      });
    }
    stream.on('end', () => {
      if (limit !== undefined && name !== undefined) raw.set(name, new Uint8Array(Buffer.concat(chunks)));
      [met.within, met.last] = [undefined, name];
      next();
    });
    stream.resume();
    return undefined;
  });
  let ended: unknown;
  try {
    await pipeline(unpackedParts(), tar);
  } catch (error) {
    if (met.problem !== undefined) return { loaded: failed(met.problem), how: undefined };
    if (isOfSystem(error)) return { loaded: failed(cannotOpen(printable(path), error)), how: undefined };
    ended = error;
  }
  const { how, within, last } = met;
  if (ended === undefined && how === undefined) return { loaded: inOneFolder(path, raw, undefined), how };
  const cut = ended instanceof Error && ended.message === CUT ? 'cut' : 'wrong';
  const broken = { how: how === 'checksum' && within !== undefined ? 'wrong' : (how ?? cut), within, last } as const;
  return { loaded: inOneFolder(path, raw, broken), how };
};

interface Met {
  /** Why it is refused. */
  problem: Failure | undefined;
  how: Breakage | undefined;
  within: string | undefined;
  last: string | undefined;
}

/** "./a//b" to "a/b"; undefined for a name that leads out, or is no path at all. */
const cleanName = (name: string): string | undefined => {
  if (name.startsWith('/') || name.includes('\0')) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
};

const refuse = (shown: string, name: string | undefined, type: string, entries: number): Failure | undefined => {
  if (name === undefined) return failure('bad-input', `The archive names ${printable(shown)}, which leads out of it.`);
  if (entries > LIMITS.entries) return failure('too-large', `The archive holds more than ${LIMITS.entries} files.`);
  if (type === 'file' || type === 'directory' || type === 'contiguous-file') return undefined;
  return type === 'pax-header' || type === 'pax-global-header' ? undefined : notPlain(name);
};

/** bundle.json lies at the root or at most two folders down. */
const isNearRoot = (name: string): boolean => name.split('/').length <= 6;

/** The part of a name that a bundle would have, whatever folder it is in. */
const inBundle = (name: string): string =>
  /(?:^|\/)(bundle\.json|\d{1,10}\/(?:[a-z]+|(?:ns|pagemap|kpageflags|mem)\/[^/]+))$/.exec(name)?.[1] ?? name;

const inOneFolder = (
  path: string,
  raw: ReadonlyMap<string, Uint8Array>,
  broken: Break | undefined,
): Outcome<Loaded> => {
  const roots = [...raw.keys()]
    .filter((name) => name === 'bundle.json' || name.endsWith('/bundle.json'))
    .map((name) => name.slice(0, -'bundle.json'.length));
  const prefix = roots[0] ?? (broken === undefined ? undefined : folderOfProcesses(raw.keys()));
  if (prefix === undefined) return failed(broken === undefined ? noBundle(path) : damaged(path));
  if (roots.length > 1) {
    return failed(failure('bad-input', `${printable(path)} holds ${roots.length} bundles.`, 'Unpack it and give one.'));
  }
  const files: BundleFiles = new Map(
    [...raw].flatMap(([name, bytes]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), bytes] as const] : [])),
  );
  return success(broken === undefined ? whole(files) : salvage(path, prefix, files, broken));
};

/** What tar-stream (3.x, Extract._final) says of an archive that ends within a file. */
const CUT = 'Unexpected end of data';

const isOfSystem = (error: unknown): boolean => /^E[A-Z]+$/.test(codeOf(error) ?? '');

const noBundle = (path: string): Failure =>
  failure(
    'bad-input',
    `${printable(path)} holds no bundle.json.`,
    'Pack the directory that `capture -o` wrote; unpack the checkpoint of a container, and give its directory.',
  );

const twice = (name: string): Failure => failure('bad-input', `The archive holds ${printable(name)} twice.`);

const damaged = (path: string): Failure =>
  failure('bad-input', `${printable(path)} is no tar archive, or is damaged or cut short.`, 'Copy it again.');
