import { AT_PAGESZ, type Auxv, type Evidence, type Host, type Unread } from '../model/evidence.js';
import { failed, type Outcome, success } from '../model/failure.js';
import { byStart, type Vma } from '../model/vma.js';
import { parseAuxv } from '../proc/parse/auxv.js';
import { type LineFault, parseMaps } from '../proc/parse/maps.js';
import { parseCmdline, parseComm, parseNamespaceLink } from '../proc/parse/small.js';
import { parseSmaps } from '../proc/parse/smaps.js';
import { parseStat, type Stat } from '../proc/parse/stat.js';
import { insidePid, parseStatus } from '../proc/parse/status.js';
import { STRANGE_AUXV } from '../proc/unread.js';
import { printable } from '../text/escape.js';
import type { BundleFiles } from './files.js';
import type { BundleHost } from './read-host.js';
import { badFile, readPages } from './read-pages.js';

/**
 * One pid directory of a bundle, by name inside it. A missing file is not known; a wrong one makes the process unusable,
 * in a sentence.
 */
export const readProcess = (files: BundleFiles, pid: number, said: BundleHost): Outcome<Evidence> => {
  const file = (name: string): Uint8Array | undefined => files.get(name);
  const latin1 = (name: string): string | undefined => {
    const bytes = file(name);
    return bytes === undefined || bytes.length === 0 ? undefined : Buffer.from(bytes).toString('latin1');
  };
  const bad = (name: string, what: string): Outcome<never> => failed(badFile(pid, name, what));

  const statText = latin1('stat');
  const stat = statText === undefined ? undefined : parseStat(statText);
  if (statText !== undefined && stat === undefined) return bad('stat', 'is not what a kernel prints');
  const maps = file('maps');
  if (maps === undefined) return bad('maps', 'is missing; it is the one file every process needs');
  if (maps.length === 0 && !isWithoutMemory(stat)) return bad('maps', 'is empty, and no running program has no memory');
  const vmas = readMaps(Buffer.from(maps).toString('latin1'));
  if (typeof vmas === 'string') return bad('maps', vmas);

  const auxvBytes = file('auxv');
  // A process can empty its own (prctl PR_SET_MM_MAP): the kernel prints its end then, which says nothing.
  const emptied = auxvBytes?.every((byte) => byte === 0) === true;
  const auxv = auxvBytes === undefined || emptied ? undefined : parseAuxv(auxvBytes);
  const strange = auxvBytes !== undefined && !emptied && auxv === undefined;
  // A process can give itself any words for an auxv (PR_SET_MM_MAP); a part of a word no kernel prints.
  if (strange && auxvBytes.length % 8 !== 0) return bad('auxv', 'is no auxiliary vector');
  const smapsText = latin1('smaps');
  // A line cut short may be read as a shorter one: flags that are not there would say that it is no special mapping.
  const smaps = smapsText === undefined ? undefined : parseSmaps(wholeLines(smapsText));
  const fault = smaps?.faults.find(saysSomething);
  if (fault !== undefined) return bad('smaps', `has a line ${fault.line} that no kernel prints: ${shown(fault.text)}`);

  const pageSize = said.pageSize ?? pageSizeOf(auxv);
  const host: Host = { ...said.host, pageSize };
  const pages = readPages(files, pid, vmas, pageSize);
  if (!pages.ok) return pages;
  const namespaces = readNamespaces(files);
  if (typeof namespaces === 'string') return bad(`ns/${namespaces}`, 'is not the text of a namespace link');

  const status = latin1('status');
  const facts = status === undefined ? undefined : parseStatus(status);
  const comm = latin1('comm');
  const cmdline = latin1('cmdline');
  const known = new Map(vmas.map((vma) => [vma.start, vma]));
  const isMainThreadEnded = vmas.length > 0 && isDead(stat);
  return success({
    source: 'bundle',
    takenAt: undefined,
    host,
    process: {
      pid,
      comm: comm === undefined ? stat?.comm : parseComm(comm),
      cmdline: cmdline === undefined ? undefined : parseCmdline(cmdline),
      startTicks: stat?.startTicks,
      // Memory is a living thread's, though the main thread has ended (stat is that one's).
      ...(isMainThreadEnded ? { state: undefined, mainThreadEnded: true } : { state: stat?.state }),
      parent: stat?.parent ?? facts?.parent,
      tracer: facts?.tracer,
      uid: facts?.uid,
      kernelThread: stat?.kernelThread,
      ...(facts === undefined ? {} : insidePid(facts)),
    },
    vmas,
    // smaps is read after maps, of a process that may be running: only what speaks of the same mappings counts.
    smaps:
      smaps === undefined
        ? undefined
        : new Map(
            smaps.vmas.flatMap((vma) => {
              const entry = smaps.entries.get(vma.start);
              return entry !== undefined && known.get(vma.start)?.end === vma.end ? [[vma.start, entry] as const] : [];
            }),
          ),
    ...pages.value,
    auxv,
    namespaces,
    contextVdso: undefined,
    faultedPages: false,
    unread: [
      ...missing(files),
      ...(emptied && auxvBytes?.length !== 0 ? [EMPTIED_AUXV] : []),
      ...(strange ? [STRANGE_AUXV] : []),
      ...(smapsText === undefined || smapsText.endsWith('\n') ? [] : [CUT_SMAPS]),
    ],
  });
};

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

const EMPTIED_AUXV: Unread = { what: 'auxv', why: 'bad', detail: 'has no entry' };

const CUT_SMAPS: Unread = { what: 'smaps', why: 'truncated', detail: 'ends in the middle of a line' };

const readMaps = (text: string): readonly Vma[] | string => {
  const { vmas, faults } = parseMaps(text);
  const fault = faults.find(saysSomething);
  if (fault !== undefined) return `has a line ${fault.line} that no kernel prints: ${shown(fault.text)}`;
  if (vmas.length > 0 && vmas.every(({ name }) => name.endsWith('\r')))
    return 'has the line ends of another system (CR LF); copy it byte for byte';
  const sorted = [...vmas].sort(byStart);
  const overlap = sorted.find((vma, index) => index > 0 && vma.start < (sorted[index - 1]?.end ?? 0n));
  return overlap === undefined ? sorted : 'shows two mappings at one address; it was read while the process changed';
};

/** An empty line, as an editor leaves behind, takes nothing away. */
const saysSomething = ({ text }: LineFault): boolean => text !== '';

const shown = (text: string): string => printable(text.slice(0, 80));

const isWithoutMemory = (stat: Stat | undefined): boolean => stat?.kernelThread === true || isDead(stat);

const isDead = (stat: Stat | undefined): boolean => stat?.state === 'Z' || stat?.state === 'X';

const pageSizeOf = (auxv: Auxv | undefined): number => {
  const size = Number(auxv?.entries.get(AT_PAGESZ) ?? 4096n);
  return Number.isInteger(Math.log2(size)) && size >= 1024 && size <= 1 << 24 ? size : 4096;
};

/** The name of the wrong file when one is wrong. */
const readNamespaces = (files: BundleFiles): ReadonlyMap<string, bigint> | string => {
  const namespaces = new Map<string, bigint>();
  for (const [path, bytes] of files) {
    if (!path.startsWith('ns/') || bytes.length === 0) continue;
    const link = parseNamespaceLink(Buffer.from(bytes).toString('latin1'));
    if (link === undefined) return path.slice(3);
    namespaces.set(path.slice(3), link.inode);
  }
  return namespaces;
};

const missing = (files: BundleFiles): readonly Unread[] =>
  ['smaps', 'auxv', 'stat', 'status'].flatMap((what): readonly Unread[] => {
    const bytes = files.get(what);
    if (bytes !== undefined && bytes.length > 0) return [];
    return [{ what, why: 'absent', detail: bytes === undefined ? 'not in the bundle' : 'empty in the bundle' }];
  });
