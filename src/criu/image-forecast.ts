import { proxiedSymbols, unproxiedFunctions } from '../judge/criu/proxied-symbols.js';
import { identityLine, movedSymbol, symtableCheck } from '../judge/criu/symtable.js';
import { type CriuVersion, parseCriuVersion } from '../judge/criu/version.js';
import { finding } from '../judge/finding-codes.js';
import { lossRule, type Standing, withThreads } from '../judge/forecast/aftermath.js';
import {
  type RestoreLayout,
  type RuleOutcome,
  type RuntimeLayout,
  restoreRule,
  takenOf,
} from '../judge/forecast/restore-rule.js';
import { restorerOf } from '../judge/forecast/restorer.js';
import { standsIn } from '../judge/forecast/run.js';
import { isOfKernel } from '../judge/forecast/runtime-vdso.js';
import { withoutCriu } from '../judge/forecast.js';
import { survey } from '../judge/space.js';
import { CURRENT_CRIU, type Finding, type Forecast, type Loss } from '../model/verdict.js';
import { contains, sizeOf } from '../model/vma.js';
import { hex } from '../text/hex.js';
import type { ImageLook } from './image-look.js';
import { sameKernel } from './same-kernel.js';
import { hasStatus } from './status.js';

/** The vDSO of the kernel to restore on. */
export interface TargetVdso extends RuntimeLayout {
  readonly symbols: ReadonlyMap<string, number> | undefined;
}

/** What a restore of this image will give: on `target`, or without one on the kernel it was dumped on. */
export const imageForecast = (look: ImageLook, criu: string, target?: TargetVdso): Forecast => {
  const version = parseCriuVersion(criu);
  const hopeless =
    version === undefined || target !== undefined || look.evidence.vmas === undefined
      ? undefined
      : withoutCriu(survey(look.evidence, {}), version, criu);
  if (hopeless !== undefined) return hopeless;
  const outcome = withThreads(imageOutcome(look, criu, target), standing(look));
  const place = target === undefined ? 'On the kernel it was dumped on' : 'On the target';
  return {
    criu,
    dump: 'ok',
    restore: outcome.restore,
    loss: lossOf(look, outcome.restore),
    findings: [...restoreFinding(look, outcome, place), ...unproxiedFinding(look, outcome, version)],
  };
};

const standing = ({ process, evidence, dumped }: ImageLook): Standing => {
  const stopped = evidence.process.instructionPointers ?? [];
  const outside = stopped.find((ip) => process.areas?.every((area) => !contains(area, ip)));
  const [start, changed] = [dumped?.area.start ?? 0n, dumped?.comparison?.changed ?? []];
  const replaced = stopped.some((ip) => standsIn(ip - start, changed));
  return {
    nowhere: outside === undefined ? undefined : `a thread stands at ${hex(outside)}, where the image has no mapping`,
    written: replaced ? 'a thread stands in code that the restore replaces' : undefined,
  };
};

/** CRIU's rule over what this image holds. */
const imageOutcome = (look: ImageLook, criu: string, target?: TargetVdso): RuleOutcome => {
  const { dumped, process } = look;
  if (process.areas === undefined)
    return { restore: undefined, text: 'its mappings are not in the image', line: undefined };
  const version = parseCriuVersion(criu);
  const parts = process.areas.map((area) => ({
    area,
    vdso: hasStatus(area.status, 'vdso'),
    vvar: hasStatus(area.status, 'vvar'),
  }));
  const { vdso, vvar } = takenOf(parts, version ?? CURRENT_CRIU);
  return restoreRule({
    vdso: vdso?.area,
    vvar: vvar?.area,
    parses: vdso?.area === dumped?.area ? parsesOf(look, version) : { passes: undefined, line: undefined },
    runtime: target ?? sameKernel(look),
    symbols: symbolsOf(look, target, version),
    restorer: restorerOf(version ?? CURRENT_CRIU, process.compat === true),
    isReadable: (address) =>
      process.areas?.some((area) => (area.protection & PROT_READ) !== 0 && contains(area, address)) === true,
  });
};

const parsesOf = ({ dumped, process }: ImageLook, version: CriuVersion | undefined): RestoreLayout['parses'] => {
  if (dumped !== undefined && hasStatus(dumped.area.status, 'vvar'))
    return { passes: false, line: identityLine('Invalid ELF magic', version) };
  // Bytes that are not there are taken for sound: the dump of a vDSO always writes them.
  if (dumped?.bytes === undefined) return { passes: true, line: undefined };
  const size = Number(sizeOf(dumped.area));
  const { passes, line } = symtableCheck(dumped.bytes, size, process.compat === true ? 32 : 64, version);
  if (passes !== 'unknown') return { passes, line };
  return { passes: dumped.bytes.length < size ? true : undefined, line };
};

/** On the same kernel only a proxy that came from elsewhere is of another one; its note says of which. */
const symbolsOf = (
  { dumped, evidence, verdict }: ImageLook,
  target: TargetVdso | undefined,
  version: CriuVersion | undefined,
): RestoreLayout['symbols'] => {
  const listed = proxiedSymbols(dumped?.elf?.image, version);
  const elf = dumped?.elf;
  if (target === undefined) {
    const [release, made] = [evidence.host.release, elf?.linuxVersion];
    const own = release !== undefined && made !== undefined ? isOfKernel(made, release) : undefined;
    if (own === false) return 'other';
    // One that was there from the start is the kernel's own, whatever its release hides.
    const isProxy = verdict.mappings.some(
      ({ start, class: one }) => start === dumped?.area.start && one === 'criu-proxy',
    );
    if (own === undefined && isProxy) return undefined;
    const [bytes, pristine] = [dumped?.bytes, dumped?.comparison?.pristine];
    if (bytes === undefined || pristine === undefined || listed === undefined) return 'same';
    const moved = movedSymbol(bytes, pristine, listed);
    return moved === undefined ? 'same' : { moved };
  }
  if (elf === undefined || listed === undefined || target.symbols === undefined) return undefined;
  const moved = listed.find((name) => elf.symbols.get(name) !== target.symbols?.get(name));
  return moved === undefined ? 'same' : { moved };
};

/** What is silently different after the restore: the rule over what the image and its log tell. */
const lossOf = (look: ImageLook, restore: Forecast['restore']): readonly Loss[] | undefined => {
  const { dumped } = look;
  return lossRule(restore, {
    written: dumped?.comparison && dumped.comparison.changed.length > 0,
    writable: dumped !== undefined && (dumped.area.protection & PROT_WRITE) !== 0,
    cut: plainVdso(look) ? undefined : false,
    leftOut: leftOut(look),
  });
};

/** The vDSO is in the image as plain memory: how many of its pages are, the areas that are read do not say. */
const plainVdso = ({ verdict, took }: ImageLook): boolean =>
  verdict.mappings.some(
    ({ start, class: mappingClass }) => mappingClass === 'genuine' && !took.vdso.some((area) => area.start === start),
  );

/**
 * By dump.log: CRIU dropped a marked mapping that was no runtime vDSO. Before 3.19 (badf8060c) the log does not list the
 * mappings, so a dropped one is known by no more than the mark: a real one names the proxy, which gets its status back.
 */
const leftOut = ({ dumpLines, verdict }: ImageLook): boolean | undefined => {
  const marked = dumpLines.find(({ code }) => code === 'mark-found');
  if (marked === undefined) return false;
  const judged = verdict.mappings.find(({ start }) => start === marked.address);
  if (judged !== undefined) return judged.class === 'decoy';
  return dumpLines.some(({ code }) => code === 'original-vdso') ? false : undefined;
};

const PROT_READ = 1;
const PROT_WRITE = 2;

const WORDS = {
  'in-place': ['restore-in-place', 'a restore gives it a fresh vDSO at the dumped address'],
  proxy: ['restore-proxy', 'a restore keeps the dumped vDSO and lets its functions jump into a fresh one'],
  none: ['restore-none', 'a restore gives it no vDSO'],
  fail: ['restore-fails', 'a restore fails'],
  crash: ['restore-crashes', 'a restore ends with SIGSEGV'],
} as const;

const restoreFinding = (look: ImageLook, { restore, text, line }: RuleOutcome, place: string): readonly Finding[] => {
  if (restore === undefined || restore === null) return [];
  const [name, words] = WORDS[restore];
  const mapping = look.dumped?.area.start;
  return [finding(name, { mapping, text: `${place}, ${words}: ${text}.`, criuMessage: line })];
};

/** Functions the dumped vDSO exports that no proxy redirects: they go on with old code over pages that are no vvar. */
const unproxiedFinding = (
  { dumped }: ImageLook,
  { restore }: RuleOutcome,
  version: CriuVersion | undefined,
): readonly Finding[] => {
  if (restore !== 'proxy' || dumped?.elf === undefined) return [];
  const { image, symbols } = dumped.elf;
  const left = unproxiedFunctions(image, symbols, version)?.filter((name) => name.startsWith('__'));
  if (left === undefined || left.length === 0) return [];
  const text = `A proxy leaves ${left.join(', ')} as they are: their old code then reads pages that are no vvar.`;
  const evidence = ['pages: symbol table of the dumped vDSO'];
  return [finding('proxy-leaves-functions', { mapping: dumped.area.start, text, evidence })];
};
