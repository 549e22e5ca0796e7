import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { codeOf, type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { printable } from '../text/escape.js';
import { type BundleFiles, fileLimit, LIMITS } from './limits.js';
import { cannotRead, notPlain, tooLarge } from './read-directory.js';

/**
 * Reads a bundle from a tar archive, plain or gzipped, without writing anything anywhere. Names that lead out of the
 * archive, links and devices are refused; what it unpacks to is counted and stopped at a limit. The bundle may be in
 * a folder of the archive: the folder that holds bundle.json.
 */
export const readArchive = async (path: string, gzipped: boolean): Promise<Outcome<BundleFiles>> => {
  const raw = new Map<string, Uint8Array>();
  const stop: { problem: Failure | undefined } = { problem: undefined };
  let [total, entries, unpacked] = [0, 0, 0];
  const counter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      unpacked += chunk.length;
      if (unpacked > LIMITS.unpacked) return done(halt(tooLarge('the unpacked archive', unpacked, LIMITS.unpacked)));
      done(null, chunk);
    },
  });
  const halt = (problem: Failure): Error => {
    stop.problem ??= problem;
    return new Error(problem.text);
  };
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    // The archive's own error comes out of the pipeline; without a listener the entry's would end the program.
    stream.on('error', () => undefined);
    const chunks: Uint8Array[] = [];
    const name = cleanName(header.name);
    entries += 1;
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
      next();
    });
    stream.resume();
    return undefined;
  });
  try {
    const source = createReadStream(path);
    if (gzipped) await pipeline(source, createGunzip(), counter, tar);
    else await pipeline(source, counter, tar);
  } catch (error) {
    return failed(stop.problem ?? damaged(path, error));
  }
  return inOneFolder(path, raw);
};

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

const inOneFolder = (path: string, raw: ReadonlyMap<string, Uint8Array>): Outcome<BundleFiles> => {
  const roots = [...raw.keys()].filter((name) => name === 'bundle.json' || name.endsWith('/bundle.json'));
  const [root] = roots;
  if (root === undefined) {
    return failed(
      failure(
        'bad-input',
        `${printable(path)} holds no bundle.json.`,
        'Pack the directory that `capture -o` wrote; unpack the checkpoint of a container, and give its directory.',
      ),
    );
  }
  if (roots.length > 1) {
    return failed(failure('bad-input', `${printable(path)} holds ${roots.length} bundles.`, 'Unpack it and give one.'));
  }
  const prefix = root.slice(0, -'bundle.json'.length);
  const files = new Map<string, Uint8Array>();
  for (const [name, bytes] of raw) if (name.startsWith(prefix)) files.set(name.slice(prefix.length), bytes);
  return success(files);
};

const twice = (name: string): Failure => failure('bad-input', `The archive holds ${printable(name)} twice.`);

const damaged = (path: string, error: unknown): Failure => {
  if (/^E[A-Z]+$/.test(codeOf(error) ?? '')) return cannotRead(path, error);
  return failure('bad-input', `${printable(path)} is no tar archive, or is damaged or cut short.`, 'Copy it again.');
};
