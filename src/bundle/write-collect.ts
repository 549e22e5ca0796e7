import type { Unread } from '../model/evidence.js';
import { isFileless, isVdsoNamed, isVvarNamed, sizeOf, type Vma } from '../model/vma.js';
import { isCandidate } from '../proc/candidates.js';
import { MOST_FOR_SMAPS, memoryFolder } from '../proc/careful.js';
import { isError } from '../proc/door.js';
import type { ProcContext } from '../proc/host.js';
import { whyUnfinished } from '../proc/look.js';
import { frameFlags, pagemapWords } from '../proc/pagemap.js';
import { mappingBytes } from '../proc/pages.js';
import { parseAuxv } from '../proc/parse/auxv.js';
import { parseMaps } from '../proc/parse/maps.js';
import { parseStat, type Stat } from '../proc/parse/stat.js';
import { isUsual, linesOfInterest, settle } from '../proc/settle.js';
import { finish } from '../proc/steps.js';
import { unreadBecause } from '../proc/unread.js';

/** One file of a bundle. */
export interface BundleFile {
  /** Below the bundle, with "/" between the parts. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Byte copies of what /proc tells of one process, under `PID/`, as vdsowatch-bundle/1 wants them. As in a live read,
 * maps has to settle, and must still be the same when all else has been read. The bytes of vDSO-like mappings come
 * last: reading them faults pages in, so everything that shows pages is from before. All sizes are bounded.
 */
export const collectProcess = (pid: number, proc: ProcContext): readonly BundleFile[] | Unread => {
  for (let round = 0; round < MOST.rounds; round++) {
    const collected = collectOnce(pid, proc);
    if (collected !== 'changed') return collected;
  }
  return { what: 'maps', why: 'torn', detail: `it changed during each of ${MOST.rounds} attempts` };
};

/** What is collected of one process; `capture --script` keeps to them, too. */
export const MOST = { rounds: 4, mappings: 256, pages: 64, pagesOfBytes: 8 } as const;
/** One file of a process: a maps of a million mappings is cut, a longer one is nobody's evidence. */
const LARGEST_FILE = 64 * 1024 * 1024;

const collectOnce = (pid: number, proc: ProcContext): readonly BundleFile[] | Unread | 'changed' => {
  const { files } = proc;
  const folder = `${files.root}/${pid}`;
  const found: BundleFile[] = [];
  const keep = (name: string, bytes: Uint8Array): void => {
    // A copy: what the reader gave is valid until its next read only.
    found.push({ path: `${pid}/${name}`, bytes: Uint8Array.prototype.slice.call(bytes, 0, LARGEST_FILE) });
  };
  const started = statOf(folder, proc);
  if ('why' in started) return started;
  const memory = memoryFolder(folder, pid, started, proc) ?? folder;
  for (const name of ['stat', 'comm', 'cmdline', 'status'] as const) {
    const bytes = files.record(`${folder}/${name}`);
    if (!isError(bytes)) keep(name, bytes);
  }
  const first = settled(memory, proc);
  // That other thread may have ended, too.
  if (!('text' in first)) return memory === folder ? first : 'changed';
  // Of one that has just ended it is kept that it has no memory.
  if (whyUnfinished({ isEmpty: false, hasAuxv: hasAuxv(first) }, memory, proc) !== undefined) return 'changed';
  keep('maps', first.text);
  if (first.auxv !== undefined) keep('auxv', first.auxv);
  for (const [name, text] of namespaceLinks(memory, proc)) keep(`ns/${name}`, Buffer.from(text, 'latin1'));

  const { looked, read } = chosen(first, proc);
  const words = new Map<Vma, BigUint64Array>();
  for (const vma of looked) {
    const found = pagemapWords(files, `${memory}/pagemap`, vma, proc.host.pageSize);
    if (isError(found)) break;
    words.set(vma, found);
    keep(`pagemap/${vma.start.toString(16)}.bin`, littleEndian(found));
  }
  if (proc.privileged)
    for (const [vma, ofVma] of words) {
      const flags = frameFlags(files, ofVma);
      if (isError(flags)) break;
      keep(`kpageflags/${vma.start.toString(16)}.bin`, littleEndian(flags));
    }
  if (first.vmas.length <= MOST_FOR_SMAPS) {
    const smaps = files.lines(`${memory}/smaps`);
    if (!isError(smaps)) keep('smaps', smaps);
  }
  const again = look(memory, proc);
  const after = statOf(folder, proc);
  if (!('text' in again)) return memory === folder ? again : 'changed';
  if ('why' in after || after.startTicks !== started.startTicks || again.lines !== first.lines) return 'changed';
  for (const vma of read) {
    const bytes = mappingBytes(
      files,
      `${memory}/mem`,
      vma,
      proc.host.pageSize,
      words.get(vma),
      true,
      MOST.pagesOfBytes,
    );
    if (!isError(bytes) && bytes.length > 0) keep(`mem/${vma.start.toString(16)}.bin`, bytes);
  }
  return found;
};

interface Picture {
  readonly text: Buffer;
  readonly vmas: readonly Vma[];
  readonly auxv: Buffer | undefined;
  readonly lines: string;
}

const hasAuxv = ({ auxv, vmas }: Picture): boolean =>
  vmas.length === 0 || (auxv !== undefined && parseAuxv(auxv) !== undefined);

const statOf = (folder: string, { files }: ProcContext): Stat | Unread => {
  const bytes = files.record(`${folder}/stat`);
  if (isError(bytes)) return unreadBecause('stat', bytes);
  return parseStat(bytes.toString('latin1')) ?? { what: 'stat', why: 'bad', detail: 'not a line of stat' };
};

const look = (folder: string, { files }: ProcContext): Picture | Unread => {
  const bytes = files.record(`${folder}/auxv`);
  const auxv = isError(bytes) ? undefined : Buffer.from(bytes);
  const lines = files.lines(`${folder}/maps`);
  if (isError(lines)) return unreadBecause('maps', lines);
  const text = Buffer.from(lines);
  const { vmas } = parseMaps(text.toString('latin1'));
  return { text, vmas, auxv, lines: linesOfInterest(vmas, auxv === undefined ? undefined : parseAuxv(auxv)) };
};

const settled = (folder: string, proc: ProcContext): Picture | Unread => {
  let failure: Unread = { what: 'maps', why: 'torn', detail: 'its reads did not agree on where the vDSO is' };
  const result = finish(
    // biome-ignore lint/correctness/useYield: a capture may take its time.
    settle(function* () {
      const picture = look(folder, proc);
      if ('text' in picture) return { value: picture, lines: picture.lines, usual: isUsual(picture.vmas) };
      failure = picture;
      return undefined;
    }),
  );
  return result?.settled === true ? result.value : failure;
};

const namespaceLinks = (folder: string, { files }: ProcContext): readonly (readonly [string, string])[] => {
  const names = files.list(`${folder}/ns`);
  if (isError(names)) return [];
  return names
    .filter((name) => /^[a-z_]{1,32}$/.test(name))
    .flatMap((name) => {
      const link = files.link(`${folder}/ns/${name}`);
      return isError(link) ? [] : [[name, link] as const];
    });
};

/**
 * Whose pages are looked at: every small mapping without a file, whatever its permissions, because on a kernel before
 * 3.16 the vDSO may be any of them and any of them may bear its name. Whose bytes are read: those of them that can be
 * the vDSO, a proxy or a copy; never the data pages, and never memory the process can write.
 */
const chosen = ({ vmas, auxv }: Picture, { host }: ProcContext) => {
  const vector = auxv === undefined ? undefined : parseAuxv(auxv);
  const small = BigInt(MOST.pages * host.pageSize);
  const candidate = (vma: Vma): boolean => isCandidate(vma, vector, host.pageSize);
  const looked = vmas.filter(
    (vma) =>
      candidate(vma) ||
      isVvarNamed(vma) ||
      (isFileless(vma) && sizeOf(vma) <= small && (vma.name === '' || vma.name.startsWith('[anon:'))),
  );
  const first = looked.filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma) || candidate(vma));
  const bounded = [...new Set([...first, ...looked])].slice(0, MOST.mappings);
  return {
    looked: bounded,
    read: bounded.filter(
      (vma) => !isVvarNamed(vma) && (candidate(vma) || (vma.read && !vma.write && sizeOf(vma) <= small)),
    ),
  };
};

const littleEndian = (words: BigUint64Array): Uint8Array => {
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setBigUint64(index * 8, word, true);
  return bytes;
};
