import { proxiedSymbols } from '../judge/criu/proxied-symbols.js';
import { noStart, type StartKernel, vdsoFormat } from '../judge/criu/start.js';
import { type CriuVersion, parseCriuVersion, versionText } from '../judge/criu/version.js';
import { finding } from '../judge/finding-codes.js';
import { splitsVvar } from '../judge/layout.js';
import { parseRelease } from '../judge/release.js';
import type { Target, VdsoImage } from '../model/doctor-schema.js';
import type { Finding } from '../model/verdict.js';
import { contains } from '../model/vma.js';
import type { TargetVdso } from './image-forecast.js';
import type { ImageLook } from './image-look.js';

/** What the restore rule needs to know of that host for a task of that ABI; 0n: it gives such tasks no vDSO. */
export const targetVdso = ({ images, machine, release }: Target, abi: string): TargetVdso => {
  const image = Object.hasOwn(images, abi) ? images[abi] : undefined;
  if (image === undefined)
    return { vdsoSize: 0n, vvarSize: 0n, vdsoFirst: false, splits: undefined, symbols: undefined };
  return {
    vdsoSize: BigInt(image.size),
    vvarSize: BigInt(image.dataSize),
    vdsoFirst: image.vdsoBeforeData === true,
    splits: splitsVvar(machine ?? undefined, parseRelease(release ?? undefined)),
    symbols: new Map(Object.entries(image.symbols)),
  };
};

/** Findings that leave no restore possible there. */
export const HOPELESS: ReadonlySet<string> = new Set(['target-other-machine', 'target-criu-cannot-run']);

/**
 * What restoring there means beyond in place or proxy: another machine, a CRIU that does not start there, functions that
 * moved, and code that differs although nothing CRIU compares does.
 */
export const targetFindings = (look: ImageLook, target: Target, criu: string): readonly Finding[] => {
  const { process, verdict, dumped } = look;
  const start = dumped?.area.start;
  const name = `Linux ${target.release ?? 'of unknown release'}`;
  if (process.machine !== undefined && target.machine !== null && process.machine !== target.machine)
    return [
      finding('target-other-machine', {
        mapping: start,
        text: `The image is of a ${process.machine} process and the target is ${target.machine}: no CRIU restores it there.`,
        evidence: [`core: ${process.machine}`, `target: ${target.machine}`],
      }),
    ];
  const version = parseCriuVersion(criu);
  const stops = version === undefined ? undefined : noStart(version, kernelOf(target));
  if (version !== undefined && stops !== undefined)
    return [
      finding('target-criu-cannot-run', {
        mapping: undefined,
        text: `On ${name} that CRIU does not start: CRIU ${versionText(version)} ${stops.lacks}; use ${stops.use}.`,
        evidence: [],
        criuMessage: stops.line,
      }),
    ];
  const abi = verdict.abi ?? '';
  const image = Object.hasOwn(target.images, abi) ? target.images[abi] : undefined;
  if (image === undefined || dumped?.elf === undefined) return [];
  return [...symbolFindings(look, image, name, version), ...codeFindings(look, image, name)];
};

/** What its processes map was measured there; what hash tables they have was not told. */
const kernelOf = ({ images, machine, release }: Target): StartKernel => ({
  hasVclock: Object.values(images).some(({ data }) => data.some((one) => one.name === '[vvar_vclock]')),
  ...vdsoFormat(machine ?? undefined, parseRelease(release ?? undefined)),
});

const symbolFindings = (
  { dumped }: ImageLook,
  image: VdsoImage,
  name: string,
  version: CriuVersion | undefined,
): readonly Finding[] => {
  const elf = dumped?.elf;
  if (elf === undefined) return [];
  const there = new Map(Object.entries(image.symbols));
  const moved = (proxiedSymbols(elf.image, version) ?? []).filter(
    (symbol) => elf.symbols.get(symbol) !== there.get(symbol),
  );
  if (moved.length === 0) return [];
  const places = moved.map(
    (symbol) => `${symbol}: ${offset(elf.symbols.get(symbol))} here, ${offset(there.get(symbol))} there`,
  );
  const missing = moved.filter((symbol) => elf.symbols.has(symbol) && !there.has(symbol));
  const text =
    missing.length > 0
      ? `${name} has no ${missing.join(', ')}: CRIU writes a jump to nowhere over ${missing.length === 1 ? 'it' : 'them'}.`
      : `${moved.length} functions lie elsewhere in the vDSO of ${name}, so the restore makes a proxy.`;
  return [
    finding('target-symbols-differ', {
      mapping: dumped?.area.start,
      text,
      evidence: places,
      severity: missing.length > 0 ? 'error' : 'info',
    }),
  ];
};

const offset = (value: number | undefined): string => (value === undefined ? 'absent' : `0x${value.toString(16)}`);

/** CRIU compares sizes and offsets, never content: a thread inside the old code goes on in the new one. */
const codeFindings = (look: ImageLook, image: VdsoImage, name: string): readonly Finding[] => {
  const { dumped, process } = look;
  const elf = dumped?.elf;
  if (dumped === undefined || elf?.buildId === undefined || image.buildId === null) return [];
  if (elf.buildId === image.buildId) return [];
  const inside = process.threads.filter(({ ip }) => ip !== undefined && contains(dumped.area, ip));
  if (inside.length === 0) return [];
  return [
    finding('target-code-differs', {
      mapping: dumped.area.start,
      text: `${inside.length === 1 ? `Thread ${inside[0]?.tid} stands` : `${inside.length} threads stand`} inside the vDSO, and that of ${name} is another build: restored in place it goes on in the middle of other code (CRIU issue 512).`,
      evidence: [`pages: build ${elf.buildId}`, `target: build ${image.buildId}`],
    }),
  ];
};
