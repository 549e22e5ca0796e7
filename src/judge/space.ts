import { ascending } from '../model/ascending.js';
import { AT_SYSINFO_EHDR, type Evidence } from '../model/evidence.js';
import { byStart, contains, isFileless, isVvarNamed, type Vma } from '../model/vma.js';
import { abiOf } from './abi.js';
import type { JudgeContext } from './context.js';
import { type Naming, namingOf } from './naming.js';
import { frameKin, knownFrames, type PageSource } from './page.js';
import { hasFileBit } from './page-format.js';
import { parseRelease, type Release } from './release.js';
import { type Traits, traitsOf } from './traits.js';

/** One address space, looked at from every side, before anything is decided. */
export interface Space {
  readonly evidence: Evidence;
  readonly context: JudgeContext;
  readonly pageSize: bigint;
  /** In address order, each range once. */
  readonly vmas: readonly Vma[];
  readonly vvars: readonly Vma[];
  /** Of the mappings that may matter, in address order; all others are ordinary memory. */
  readonly traits: readonly Traits[];
  readonly naming: Naming;
  readonly abi: string | undefined;
  /** Undefined when it is not known, or cannot be the kernel's own. */
  readonly release: Release | undefined;
  readonly auxvVdso: bigint | undefined;
}

export const survey = (evidence: Evidence, context: JudgeContext): Space => {
  const vmas = inOrder(evidence.vmas ?? []);
  const naming = namingOf(evidence, vmas);
  const fileBit = hasFileBit(evidence, vmas);
  const source: PageSource = {
    evidence,
    fileBit,
    known: knownFrames(evidence, context.baselines ?? []),
    kin: fileBit === false ? frameKin(evidence, vmas) : () => undefined,
  };
  const auxvVdso = evidence.auxv?.entries.get(AT_SYSINFO_EHDR);
  // Where the name is the mapping's own, memory without it matters only when it stands at the auxv address or when
  // somebody looked into it.
  const byName = naming.rule === 'mapping' && naming.measured;
  const matters = (vma: Vma): boolean =>
    (auxvVdso !== undefined && contains(vma, auxvVdso)) ||
    vma.name.includes('[vdso]') ||
    (byName ? evidence.bytes.has(vma.start) : isFileless(vma) || evidence.bytes.has(vma.start));
  return {
    evidence,
    context,
    pageSize: BigInt(evidence.host.pageSize),
    vmas,
    vvars: vmas.filter(isVvarNamed),
    traits: vmas.filter(matters).map((vma) => traitsOf(source, vma)),
    naming,
    abi: abiOf(evidence, vmas),
    release: parseRelease(evidence.host.release),
    auxvVdso,
  };
};

/** A torn read may show a range twice, and nothing may depend on the order of discovery. */
const inOrder = (vmas: readonly Vma[]): readonly Vma[] => {
  const ordered = vmas.every((vma, index) => index === 0 || (vmas[index - 1]?.start ?? 0n) < vma.start);
  if (ordered) return vmas;
  const sorted = [...vmas].sort((one, other) => byStart(one, other) || ascending(one.end, other.end));
  return sorted.filter((vma, index) => {
    const before = sorted[index - 1];
    return before === undefined || before.start !== vma.start || before.end !== vma.end || before.name !== vma.name;
  });
};

/** Pages of an image on this host, when the host's own page set is known. */
export const imagePages = ({ evidence }: Space, image: string | undefined): number | undefined => {
  const frames = image === undefined ? undefined : evidence.host.reference.get(image);
  return frames === undefined || frames.length === 0 ? undefined : frames.length;
};
