import type { JudgeContext } from '../../src/judge/context.js';
import { judge } from '../../src/judge/judge.js';
import type { Auxv, Evidence, Host } from '../../src/model/evidence.js';
import type { MappingClass, VdsoVerdict, Verdict } from '../../src/model/verdict.js';
import { parseMaps } from '../../src/proc/parse/maps.js';
import { parseSmaps } from '../../src/proc/parse/smaps.js';
import { hex } from '../../src/text/hex.js';

/** Made-up evidence: as little as a test needs. Addresses are those of the maps text. */
export interface Made {
  readonly release?: string;
  readonly machine?: string;
  readonly pageSize?: number;
  readonly hintTest?: Host['hintTest'];
  readonly reference?: Readonly<Record<string, readonly number[]>>;
  /** Lines of maps; blanks in front are cut. */
  readonly maps: string;
  /** Words by start address. */
  readonly pagemap?: Readonly<Record<string, readonly bigint[]>>;
  readonly kpageflags?: Readonly<Record<string, readonly bigint[]>>;
  readonly bytes?: Readonly<Record<string, Uint8Array>>;
  readonly smaps?: string;
  /** AT_SYSINFO_EHDR; others are added as a kernel would. */
  readonly auxv?: bigint | null | undefined;
  readonly wordSize?: 4 | 8;
  readonly uts?: bigint;
  readonly source?: Evidence['source'];
  readonly namesBy?: 'kernel' | 'criu';
  readonly state?: string;
  readonly kernelThread?: boolean;
  readonly pointers?: readonly bigint[];
  readonly contextVdso?: bigint;
  readonly pid?: number;
}

export const evidenceOf = (made: Made): Evidence => {
  const text = made.maps.replace(/^[ \t]+/gm, '').replace(/^\n+/, '');
  const { vmas, faults } = parseMaps(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  if (faults.some(({ text: line }) => line.trim() !== '')) throw new Error(`bad maps: ${JSON.stringify(faults)}`);
  return {
    source: made.source ?? 'bundle',
    ...(made.namesBy === undefined ? {} : { namesBy: made.namesBy }),
    takenAt: undefined,
    host: {
      release: made.release ?? '6.18.5',
      machine: made.machine ?? 'x86_64',
      pageSize: made.pageSize ?? 4096,
      hintTest: made.hintTest ?? 'kept',
      reference: new Map(
        Object.entries(made.reference ?? {}).map(([image, frames]) => [image, frames.map((frame) => BigInt(frame))]),
      ),
    },
    process: {
      pid: made.pid ?? 77,
      comm: 'test',
      cmdline: undefined,
      startTicks: 1n,
      state: made.state ?? 'S',
      parent: 1,
      tracer: 0,
      uid: 0,
      kernelThread: made.kernelThread ?? false,
      ...(made.pointers === undefined ? {} : { instructionPointers: made.pointers }),
    },
    vmas,
    smaps: made.smaps === undefined ? undefined : parseSmaps(made.smaps.replace(/^[ \t]+/gm, '').trim()).entries,
    pagemap: wordsBy(made.pagemap),
    kpageflags: wordsBy(made.kpageflags),
    bytes: new Map(Object.entries(made.bytes ?? {}).map(([at, bytes]) => [BigInt(at), bytes])),
    auxv: made.auxv === null ? undefined : auxvOf(made.auxv, made.wordSize ?? 8),
    namespaces: made.uts === undefined ? new Map() : new Map([['uts', made.uts]]),
    contextVdso: made.contextVdso,
    faultedPages: false,
    unread: [],
  };
};

const wordsBy = (words: Made['pagemap']): ReadonlyMap<bigint, BigUint64Array> =>
  new Map(Object.entries(words ?? {}).map(([at, list]) => [BigInt(at), BigUint64Array.from(list)]));

/** `undefined`: a whole auxv without AT_SYSINFO_EHDR, as under vdso=0. i386 gets AT_SYSINFO too. */
export const auxvOf = (vdso: bigint | undefined, wordSize: 4 | 8): Auxv => ({
  wordSize,
  littleEndian: true,
  entries: new Map<number, bigint>([
    ...(vdso === undefined ? [] : wordSize === 4 ? ([[32, vdso + 0x5e0n]] as const) : []),
    ...(vdso === undefined ? [] : ([[33, vdso]] as const)),
    [6, 4096n],
  ]),
});

export const judged = (made: Made, context: JudgeContext = {}): Verdict => judge(evidenceOf(made), context);

/** The vDSO that was found. Of none at all everything is undefined, which is not what "not known of it" means. */
export const vdsoIn = ({ vdso }: Pick<Verdict, 'vdso'>): VdsoVerdict => {
  if (!vdso) throw new Error(`the vDSO was not found: ${vdso}`);
  return vdso;
};

/** Classes by start address, as the machine output has them. */
export const classes = (verdict: Verdict): Record<string, MappingClass> =>
  Object.fromEntries(verdict.mappings.map((mapping) => [hex(mapping.start), mapping.class]));

export const codes = (verdict: { readonly findings: readonly { readonly code: string }[] }): readonly string[] =>
  verdict.findings.map(({ code }) => code);

// Words as kernels print them.
export const kernelPage = (frame: number): bigint => (0xa0n << 56n) | BigInt(frame);
export const copiedPage = (frame: number): bigint => (0x81n << 56n) | BigInt(frame);
/** Before 3.5: the page shift in bits 55 to 60, and nothing about who owns it. */
export const oldPage = (frame: number): bigint => (0x86n << 56n) | BigInt(frame);
export const ABSENT = 0n;
export const SOFT_DIRTY_ONLY = 1n << 55n;
export const SWAPPED = (1n << 62n) | 0x1234n;

/** The kernels of the corpus, to start from. */
export const RHEL7: Partial<Made> = {
  release: '3.10.0',
  hintTest: 'lost',
  reference: { x86_64: [0x1a05, 0x1a06], i386: [0x2df0d] },
};

export const VZ6: Partial<Made> = {
  release: '2.6.32',
  hintTest: 'lost',
  reference: { x86_64: [0x2f2a4, 0x2f2a5], i386: [0x2f2a6] },
};

export const MODERN: Partial<Made> = {
  release: '6.18.5',
  hintTest: 'kept',
  reference: { x86_64: [0x2861, 0x2862], i386: [0x2863, 0x2864] },
};

/** Flags of a special mapping, and of anonymous memory. */
export const SPECIAL_FLAGS = 'VmFlags: rd ex mr mw me de ';
export const ANONYMOUS_FLAGS = 'VmFlags: rd wr mr mw me ac ';
