import type { ErrorCode, ProcFiles } from '../../src/proc/door.js';
import type { ProcContext } from '../../src/proc/host.js';

/** What a made-up /proc answers for a path: bytes, an error, or a new answer for each read. */
export type Answer = string | Uint8Array | ErrorCode | (() => string | Uint8Array | ErrorCode);

/** Files read at a position, like pagemap: bytes copied to the target, or an error. */
export type Positioned = Readonly<Record<string, (target: Uint8Array, position: number) => number | ErrorCode>>;

/** A reader of /proc whose files are these; a path that is not there is ENOENT. `reads` counts by path. */
export const madeUpProc = (answers: Readonly<Record<string, Answer>>, positioned: Positioned = {}) => {
  const reads = new Map<string, number>();
  const get = (path: string): Buffer | ErrorCode => {
    reads.set(path, (reads.get(path) ?? 0) + 1);
    const entry = answers[path];
    const answer = typeof entry === 'function' ? entry() : entry;
    if (answer === undefined) return { code: 'ENOENT' };
    if (typeof answer === 'string') return Buffer.from(answer, 'latin1');
    return ArrayBuffer.isView(answer) ? Buffer.from(answer) : answer;
  };
  const files: ProcFiles = {
    root: '/proc',
    record: get,
    text: (path) => {
      const bytes = get(path);
      return Buffer.isBuffer(bytes) ? bytes.toString('latin1') : bytes;
    },
    lines: get,
    shortLines: (path, most) => {
      const bytes = get(path);
      return Buffer.isBuffer(bytes) && bytes.length >= most ? 'long' : bytes;
    },
    // biome-ignore lint/correctness/useYield: nothing here is long.
    *pieces(path) {
      return get(path);
    },
    at: (path, target, position) => {
      reads.set(path, (reads.get(path) ?? 0) + 1);
      return positioned[path]?.(target, Number(position)) ?? { code: 'ENOENT' };
    },
    link: (path) => {
      const bytes = get(path);
      return Buffer.isBuffer(bytes) ? bytes.toString('latin1') : bytes;
    },
    list: (path) => {
      const names = Object.keys(answers)
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1).split('/')[0] ?? '');
      return names.length === 0 ? { code: 'ENOENT' } : [...new Set(names)];
    },
  };
  const proc: ProcContext = {
    files,
    host: {
      release: '6.18.0',
      machine: 'x86_64',
      pageSize: 4096,
      hintTest: 'kept',
      reference: new Map([['x86_64', [0x2861n, 0x2862n]]]),
    },
    clock: { now: () => 1_000n, tickShift: 0n },
    privileged: false,
  };
  return { files, proc, reads };
};

export const statLine = (pid: number, comm = 'sleep', state = 'S', flags = 4194560, ticks = 734): string =>
  `${pid} (${comm}) ${state} 1 ${pid} ${pid} 0 -1 ${flags} 1 0 0 0 0 0 0 0 20 0 1 0 ${ticks} 2600960 1 0 0 0\n`;

export const mapsLine = (start: number, pages: number, permissions: string, name: string): string => {
  const range = `${start.toString(16).padStart(8, '0')}-${(start + pages * 4096).toString(16).padStart(8, '0')}`;
  return name === ''
    ? `${range} ${permissions} 00000000 00:00 0 \n`
    : `${`${range} ${permissions} 00000000 00:00 0`.padEnd(73)}${name}\n`;
};

/** [vvar], [vvar_vclock] and [vdso] with the text at `vdso`, as Linux 6.18 lays them out. */
export const block = (vdso: number): string =>
  mapsLine(vdso - 6 * 4096, 4, 'r--p', '[vvar]') +
  mapsLine(vdso - 2 * 4096, 2, 'r--p', '[vvar_vclock]') +
  mapsLine(vdso, 2, 'r-xp', '[vdso]');

export const FILE_LINE = '55d385ed0000-55d385ed2000 r--p 00000000 fe:00 260131                     /usr/bin/sleep\n';

/** A 64-bit little-endian auxv with these entries. */
export const auxvOf = (...entries: readonly (readonly [type: number, value: number])[]): Uint8Array => {
  const words = new BigUint64Array([...entries.flat(), 0, 0].map(BigInt));
  return new Uint8Array(words.buffer);
};

/** A pagemap that holds these words from the page at `start` on: sparse, so a function of the position. */
export const pagemapOf =
  (pages: ReadonlyMap<number, bigint>) =>
  (target: Uint8Array, position: number): number => {
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    for (let at = 0; at < target.length; at += 8) view.setBigUint64(at, pages.get((position + at) / 8) ?? 0n, true);
    return target.length;
  };
