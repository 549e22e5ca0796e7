import type { Evidence } from '../model/evidence.js';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { sizeOf, type Vma } from '../model/vma.js';
import type { BundleFiles } from './files.js';

export type Pages = Pick<Evidence, 'pagemap' | 'kpageflags' | 'bytes'>;

/** Page words and bytes of one process, by start of mapping. None may speak of pages that no mapping has. */
export const readPages = (files: BundleFiles, pid: number, vmas: readonly Vma[], pageSize: number): Outcome<Pages> => {
  const mappings = new Map(vmas.map((vma) => [vma.start, vma]));
  const pagemap = new Map<bigint, BigUint64Array>();
  const kpageflags = new Map<bigint, BigUint64Array>();
  const bytes = new Map<bigint, Uint8Array>();
  for (const [name, content] of files) {
    const [, kind, start] = /^(pagemap|kpageflags|mem)\/([0-9a-f]+)\.bin$/.exec(name) ?? [];
    if (kind === undefined || start === undefined) continue;
    const vma = mappings.get(BigInt(`0x${start}`));
    if (vma === undefined) return failed(badFile(pid, name, 'is of memory that maps does not have'));
    // An empty file is a read that failed: not known.
    if (content.length === 0) continue;
    if (kind === 'mem') {
      if (BigInt(content.length) > sizeOf(vma)) return failed(badFile(pid, name, 'is larger than its mapping'));
      bytes.set(vma.start, content);
      continue;
    }
    if (content.length % 8 !== 0) return failed(badFile(pid, name, 'is cut short'));
    if (BigInt(content.length / 8) * BigInt(pageSize) > sizeOf(vma)) {
      return failed(badFile(pid, name, 'has words for pages that its mapping does not have'));
    }
    (kind === 'pagemap' ? pagemap : kpageflags).set(vma.start, wordsOf(content));
  }
  return success({ pagemap, kpageflags, bytes });
};

/** `what` is wrong with a file of a process, without a full stop. */
export const badFile = (pid: number, name: string, what: string): Failure =>
  failure('bad-input', `${pid}/${name} in the bundle ${what}.`, 'Capture the process again.');

/** A bundle is little-endian, whatever machine it is from. */
const wordsOf = (bytes: Uint8Array): BigUint64Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return BigUint64Array.from({ length: bytes.byteLength / 8 }, (_, index) => view.getBigUint64(index * 8, true));
};
