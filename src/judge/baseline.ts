import type { Evidence, Host } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';
import type { KnownPages } from './context.js';

/** Processes that map the same vDSO pages. */
export interface PageSet extends KnownPages {
  /** Pids, ascending. */
  readonly processes: readonly number[];
  /**
   * host: the frames of this boot's own image; container: not the host's, but shared by at least two processes of
   * one UTS namespace (Virtuozzo); lone: neither.
   */
  readonly kind: 'host' | 'container' | 'lone';
}

interface Group {
  readonly image: string;
  readonly frames: (bigint | undefined)[];
  readonly members: { readonly pid: number; readonly uts: bigint | undefined }[];
}

/** A process, and what tells whose pages it may have. */
type Mapper = Pick<Evidence, 'host' | 'namespaces'> & { readonly process: { readonly pid: number } };

/**
 * Groups judged processes by the clean pages of their vDSO. Processes with no page present belong to no group, and
 * copied pages never make one: only pages that are the kernel's own count. Two processes are in one group when they
 * have one page of one image in common; which pages are present differs from process to process.
 */
export const baselines = (
  judged: readonly { readonly evidence: Mapper; readonly verdict: Pick<Verdict, 'vdso'> }[],
): readonly PageSet[] => {
  // A frame is one page of one image, wherever it is seen.
  const byFrame = new Map<string, Group>();
  const groups = new Set<Group>();
  const reference = new Map<string, readonly bigint[]>();
  let latest: { readonly frames: readonly (bigint | undefined)[]; readonly group: Group } | undefined;
  let host: Host | undefined;
  for (const { evidence, verdict } of judged) {
    if (evidence.host !== host) {
      host = evidence.host;
      for (const [image, frames] of host.reference) if (frames.length > 0) reference.set(image, frames);
    }
    const { vdso } = verdict;
    if (vdso === undefined || vdso === null || vdso.image === undefined) continue;
    const { image, frames } = vdso;
    // Verdicts of one kind share the list: most processes are where the one before them is.
    if (frames === latest?.frames) {
      latest.group.members.push(member(evidence));
      continue;
    }
    if (frames.every((frame) => frame === undefined)) continue;
    const key = (frame: bigint, index: number): string => `${image} ${index} ${frame}`;
    const touched = new Set(frames.flatMap((frame, index) => byFrame.get(key(frame ?? 0n, index)) ?? []));
    const [first, ...others] = touched;
    const group: Group = first ?? { image, frames: [], members: [] };
    group.members.push(member(evidence));
    adopt(group, frames);
    // A process with both pages shows that one with the first and one with the second are of one group.
    for (const other of others) {
      groups.delete(other);
      adopt(group, other.frames);
      for (const one of other.members) group.members.push(one);
    }
    groups.add(group);
    latest = { frames, group };
    for (const [index, frame] of group.frames.entries()) if (frame !== undefined) byFrame.set(key(frame, index), group);
  }
  const all = [...groups];
  return all.map((group) => pageSet(group, reference.get(group.image), isLargest(group, all))).sort(inOrder);
};

const adopt = (group: Group, frames: readonly (bigint | undefined)[]): void => {
  for (const [index, frame] of frames.entries()) group.frames[index] ??= frame;
};

const member = ({ process, namespaces }: Mapper): Group['members'][number] => ({
  pid: process.pid,
  uts: namespaces.get('uts'),
});

const pageSet = (group: Group, reference: readonly bigint[] | undefined, largest: boolean): PageSet => {
  const processes = [...new Set(group.members.map(({ pid }) => pid))].sort((one, other) => one - other);
  const frames = Array.from(group.frames, (frame) => frame);
  // Without a page set of this boot to compare with, the one that most processes share is taken for the host's.
  const isHost =
    reference === undefined
      ? largest
      : frames.some((frame, index) => frame !== undefined && frame === reference[index]);
  if (isHost) return { image: group.image, uts: undefined, frames, processes, kind: 'host' };
  const uts = new Set(group.members.map((member) => member.uts));
  const [own] = uts;
  const shared = uts.size === 1 && own !== undefined && processes.length >= 2;
  return {
    image: group.image,
    uts: uts.size === 1 ? own : undefined,
    frames,
    processes,
    kind: shared ? 'container' : 'lone',
  };
};

const isLargest = (group: Group, groups: readonly Group[]): boolean =>
  groups.every((one) => one === group || one.image !== group.image || one.members.length < group.members.length);

const KINDS = ['host', 'container', 'lone'];

const inOrder = (one: PageSet, other: PageSet): number =>
  KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind) ||
  other.processes.length - one.processes.length ||
  (one.image < other.image ? -1 : one.image > other.image ? 1 : 0);
