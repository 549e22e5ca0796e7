import type { Difference } from '../model/diff.js';
import { AT_SYSINFO_EHDR } from '../model/evidence.js';
import type { Judged } from '../model/judged.js';
import type { Verdict } from '../model/verdict.js';
import { isVvarNamed } from '../model/vma.js';
import { hex } from '../text/hex.js';

/**
 * What changed between two pieces of evidence about the same process, e.g. before a dump and after its restore.
 * Pure. Says nothing about a field that either side does not know.
 */
export const compare = (before: Judged, after: Judged): Difference[] => {
  if (before.verdict.applicable !== after.verdict.applicable) return [memoryDifference(after.verdict)];
  return [
    ...vdsoDifferences(before.verdict, after.verdict),
    ...vvarDifferences(before, after),
    ...byteDifferences(before, after),
    ...auxvDifferences(before, after),
    ...namespaceDifferences(before, after),
    ...mappingDifferences(before.verdict, after.verdict),
  ];
};

/** A process that has ended and waits for its parent, or another one altogether; then there is no more to compare. */
const memoryDifference = ({ applicable }: Verdict): Difference => ({
  field: 'mapping',
  text: applicable
    ? 'it has memory, and had none'
    : 'it has no memory any more: it ended, or a kernel thread has its pid',
  noticeable: 'yes',
});

const vdsoDifferences = (before: Verdict, after: Verdict): Difference[] => {
  const one = before.vdso;
  const other = after.vdso;
  if (one === undefined || other === undefined) return [];
  if (one === null && other === null) return [];
  if (one === null || other === null) {
    const text =
      one === null ? `a vDSO appeared at ${hex(other?.start ?? 0n)}` : `the vDSO at ${hex(one.start)} is gone`;
    return [{ field: 'vdso', text, noticeable: 'yes' }];
  }
  const differences: Difference[] = [];
  if (one.start !== other.start) {
    differences.push({
      field: 'vdso',
      text: `the vDSO moved from ${hex(one.start)} to ${hex(other.start)}`,
      noticeable: 'maybe',
    });
  }
  if (one.image !== undefined && other.image !== undefined && one.image !== other.image) {
    differences.push({
      field: 'vdso',
      text: `the image changed from ${one.image} to ${other.image}`,
      noticeable: 'yes',
    });
  }
  if (one.permissions !== other.permissions) {
    const narrower = [...one.permissions].some((letter, index) => letter !== '-' && other.permissions[index] === '-');
    differences.push({
      field: 'permissions',
      text: `its permissions went from ${one.permissions} to ${other.permissions}`,
      noticeable: narrower ? 'yes' : 'maybe',
    });
  }
  if (one.vvarAttached !== undefined && other.vvarAttached !== undefined && one.vvarAttached !== other.vvarAttached) {
    const text = other.vvarAttached ? 'vvar lies where its code expects it again' : 'it lost its vvar';
    differences.push({ field: 'vvar', text, noticeable: 'yes' });
  }
  if (before.hint !== undefined && after.hint !== undefined && before.hint !== after.hint) {
    differences.push({
      field: 'hint',
      text: `the name hint went from ${before.hint} to ${after.hint}`,
      noticeable: 'no',
    });
  }
  if (isProxied(before) || isProxied(after)) return differences;
  return [...differences, ...pageDifferences(one.modifiedPages, other.modifiedPages)];
};

/** Its vDSO is one that a restore of CRIU parked and marked: pages and bytes of it were never the program's. */
export const isProxied = ({ mappings }: Verdict): boolean =>
  mappings.some((mapping) => mapping.class === 'criu-runtime');

const pageDifferences = (before: readonly number[] | undefined, after: readonly number[] | undefined): Difference[] => {
  if (before === undefined || after === undefined) return [];
  const lost = before.filter((page) => !after.includes(page));
  const gained = after.filter((page) => !before.includes(page));
  return [
    ...lost.map((page): Difference => {
      const text = `page ${page} was the process's own copy and is the kernel's again: what was written there is lost`;
      return { field: 'pages', text, noticeable: 'yes' };
    }),
    ...gained.map((page): Difference => {
      return { field: 'pages', text: `page ${page} was the kernel's and is now a private copy`, noticeable: 'maybe' };
    }),
  ];
};

const vvarDifferences = (before: Judged, after: Judged): Difference[] => {
  // A core file names no memory of the kernel's, and most of them leave it out.
  const places = ({ evidence }: Judged): string | undefined =>
    (evidence.source === 'core' ? undefined : evidence.vmas)
      ?.filter(isVvarNamed)
      .map((vma) => `${vma.name} ${hex(vma.start)}`)
      .join(', ');
  const one = places(before);
  const other = places(after);
  if (one === undefined || other === undefined || one === other) return [];
  return [{ field: 'vvar', text: `data pages: ${one || 'none'} became ${other || 'none'}`, noticeable: 'maybe' }];
};

/** Compares the vDSO's own bytes, as far as both sides have them. */
const byteDifferences = (before: Judged, after: Judged): Difference[] => {
  const bytesOf = ({ evidence, verdict }: Judged): Uint8Array | undefined =>
    verdict.vdso && !isProxied(verdict) ? evidence.bytes.get(verdict.vdso.start) : undefined;
  const one = bytesOf(before);
  const other = bytesOf(after);
  if (one === undefined || other === undefined) return [];
  const length = Math.min(one.length, other.length);
  let changed = 0;
  let first = -1;
  for (let index = 0; index < length; index += 1) {
    if (one[index] === other[index]) continue;
    if (changed === 0) first = index;
    changed += 1;
  }
  if (changed === 0) return [];
  const text = `${changed} of ${length} compared bytes of the vDSO differ, the first at offset 0x${first.toString(16)}`;
  return [{ field: 'bytes', text, noticeable: 'yes' }];
};

const auxvDifferences = (before: Judged, after: Judged): Difference[] => {
  const one = before.evidence.auxv?.entries.get(AT_SYSINFO_EHDR);
  const other = after.evidence.auxv?.entries.get(AT_SYSINFO_EHDR);
  if (before.evidence.auxv === undefined || after.evidence.auxv === undefined || one === other) return [];
  const shown = (value: bigint | undefined): string => (value === undefined ? 'absent' : hex(value));
  return [{ field: 'auxv', text: `AT_SYSINFO_EHDR went from ${shown(one)} to ${shown(other)}`, noticeable: 'maybe' }];
};

const namespaceDifferences = (before: Judged, after: Judged): Difference[] =>
  [...before.evidence.namespaces].flatMap(([name, inode]): Difference[] => {
    const other = after.evidence.namespaces.get(name);
    if (other === undefined || other === inode) return [];
    const noticeable = name === 'time' || name === 'uts' ? 'maybe' : 'no';
    return [{ field: 'namespace', text: `${name} namespace went from ${inode} to ${other}`, noticeable }];
  });

const mappingDifferences = (before: Verdict, after: Verdict): Difference[] => {
  const described = (verdict: Verdict, kind: string): string[] =>
    verdict.mappings.filter((mapping) => mapping.class === kind).map((mapping) => hex(mapping.start));
  return (['criu-runtime', 'criu-proxy', 'decoy'] as const).flatMap((kind): Difference[] => {
    const one = described(before, kind).join(', ');
    const other = described(after, kind).join(', ');
    return one === other
      ? []
      : [{ field: 'mapping', text: `${kind}: ${one || 'none'} became ${other || 'none'}`, noticeable: 'maybe' }];
  });
};
