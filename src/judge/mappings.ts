import type { Confidence, MappingClass, MappingVerdict } from '../model/verdict.js';
import { contains } from '../model/vma.js';
import type { Opinion } from './opinion.js';
import { looksLikeRuntime, mayBeRuntime } from './runtime.js';
import type { Space } from './space.js';
import type { Traits } from './traits.js';

/** An opinion with CRIU's leavings told apart; only of mappings that belong in the report. */
export interface Judgement {
  readonly traits: Traits;
  readonly verdict: MappingVerdict;
}

/**
 * Mappings that are the vDSO, are named like it or look like it, with their final class; and those still undecided.
 * A file is listed only when its name contains "[vdso]"; memory without name or file also when it begins exactly at the
 * auxv address.
 */
export const listMappings = (
  space: Space,
  opinions: readonly Opinion[],
): { readonly judged: readonly Judgement[]; readonly undecided: readonly Opinion[] } => {
  const genuine = opinions.filter(({ class: mappingClass }) => mappingClass === 'genuine');
  const runtimes = genuine.filter(({ traits }) => traits.mark !== undefined);
  const inferred = runtimes.length > 0 ? undefined : looksLikeRuntime(space, genuine);
  // A nameless copy at the auxv address is a decoy, or the proxy of a runtime that nobody looked into.
  const doubt = genuine.some(({ traits }) => mayBeRuntime(space, traits));
  const judged: Judgement[] = [];
  for (const opinion of opinions) {
    const { traits } = opinion;
    if (opinion.class === undefined) continue;
    if (opinion.class === 'genuine') {
      judged.push(judgement(opinion, ...genuineClass(space, opinion, inferred?.runtime)));
    } else if (traits.spoofed) {
      judged.push(judgement(opinion, 'not-vdso', 'proven', ['maps: a file or other name that only contains [vdso]']));
    } else if (traits.fileless) {
      const proxy = proxyOf(traits, runtimes, genuine, inferred?.proxy);
      if (proxy !== undefined) judged.push(judgement(opinion, 'criu-proxy', ...proxy));
      else if (belongs(traits)) {
        const likely = doubt && traits.vma.execute && traits.content !== 'other' && traits.mark === undefined;
        judged.push(judgement(opinion, 'decoy', likely ? 'likely' : opinion.confidence));
      }
    }
  }
  return { judged, undecided: opinions.filter(({ class: mappingClass }) => mappingClass === undefined) };
};

const judgement = (
  { traits, evidence }: Opinion,
  mappingClass: MappingClass,
  confidence: Confidence,
  more: readonly string[] = [],
): Judgement => ({
  traits,
  verdict: {
    start: traits.vma.start,
    end: traits.vma.end,
    name: traits.vma.name,
    class: mappingClass,
    confidence,
    evidence: [...more, ...evidence],
  },
});

const genuineClass = (
  space: Space,
  { traits, confidence }: Opinion,
  inferred: Traits | undefined,
): readonly [MappingClass, Confidence, readonly string[]] => {
  if (traits.mark !== undefined) {
    return ['criu-runtime', confidence, ['mem: a CRIU restore wrote its mark over the ELF header']];
  }
  if (traits === inferred) {
    return ['criu-runtime', 'likely', ['maps: low address, own vvar, first page written, auxv names other code']];
  }
  // A CRIU image leaves the runtime vDSO out; what is in it as vDSO is the proxy.
  if (space.naming.rule === 'claim' && traits.trampolines.length > 0) {
    return ['criu-proxy', 'proven', [`mem: ${traits.trampolines.length} functions jump to another vDSO`]];
  }
  if (space.naming.rule === 'claim' && traits.content === undefined) return ['genuine', 'unknown', [NO_BYTES]];
  return ['genuine', mayBeRuntime(space, traits) ? 'likely' : confidence, []];
};

/** CRIU gives both the status of the vDSO (parasite_fixup_vdso), and auxv still names the place of a proxy. */
const NO_BYTES = 'mem: its bytes are not known, which alone tell a vDSO from the proxy of an earlier restore';

/** The dumped copy: a mark names it, or its functions jump into the vDSO. */
const proxyOf = (
  traits: Traits,
  runtimes: readonly Opinion[],
  genuine: readonly Opinion[],
  inferred: Traits | undefined,
): readonly [Confidence, readonly string[]] | undefined => {
  const jumps = traits.trampolines.filter(({ target }) => genuine.some((one) => contains(one.traits.vma, target)));
  if (jumps.length > 0) return ['proven', [`mem: ${jumps.length} functions jump into the vDSO`]];
  // Other memory may be there by now, with a mark of its own too: CRIU marks the vDSO that the copy jumps into.
  const isImage = traits.content !== 'other' && traits.mark === undefined;
  const named = isImage && runtimes.find((runtime) => contains(traits.vma, runtime.traits.mark?.proxy ?? -1n));
  if (named) return [named.confidence, ["the mark in the vDSO names it as the dumped task's vDSO"]];
  return traits === inferred
    ? ['likely', ['auxv: AT_SYSINFO_EHDR is its start; the vDSO looks like a CRIU runtime']]
    : undefined;
};

const belongs = (traits: Traits): boolean =>
  traits.named ||
  traits.mark !== undefined ||
  traits.content === 'vdso' ||
  traits.content === 'maybe' ||
  (traits.atAuxv && (traits.vma.name === '' || traits.vma.name.startsWith('[anon:')));
