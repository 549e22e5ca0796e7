import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Event } from '../../src/model/event.js';
import type { Evidence } from '../../src/model/evidence.js';
import type { Observation, Snapshot } from '../../src/pipeline/observation.js';
import { openEncoder } from '../../src/trace/encoder.js';
import type { Header } from '../../src/trace/format.js';
import { testFolder } from '../folder.js';
import { happened, MS, readingOf, T0, vma } from '../pipeline/build.js';
import { header } from '../trace/recording.js';

/** Time of day minus boot clock in these recordings, ns: they begin at 2026-01-01T01:23:20Z. */
export const OFFSET = 1_767_225_600_000_000_000n;

export interface Part {
  readonly observations: readonly Observation[];
  readonly at: bigint;
}

/** A recording of these frames. */
export const recordingOf = (frames: readonly Part[], changes: Partial<Omit<Header, 'record'>> = {}): string => {
  const encoder = openEncoder();
  const first = encoder.header({ ...header, at: T0.toString(), offset: OFFSET.toString(), ...changes });
  return [first, ...frames.map((frame) => encoder.frame({ ...frame, offset: OFFSET }))].join('');
};

export const fileWith = (context: TestContext, text: string, name = 'trace.ndjson'): string => {
  const folder = testFolder(context);
  const file = join(folder, name);
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text, 'latin1');
  return file;
};

export const at = (ms: number): bigint => T0 + BigInt(ms) * MS;

export const traced: Observation = happened({
  kind: 'status',
  at: T0,
  status: { mode: 'ebpf', text: 'bpftrace 0.17.0', notes: [] },
});

/** Frames of the kernel's own vDSO. */
const FRAMES = [0x2861n, 0x2862n];
/** Present, of a file; and a private copy: present, anonymous (Documentation/admin-guide/mm/pagemap.rst). */
const CLEAN = (1n << 63n) | (1n << 61n);
const COPIED = (1n << 63n) | 0x9999n;

interface Vdso {
  readonly ms: number;
  readonly pid: number;
  readonly ticks: bigint;
  readonly at: bigint;
  readonly copied?: readonly number[];
  readonly auxv?: bigint;
  readonly comm?: string;
  /** Its pid in a namespace of its own. */
  readonly inside?: number;
}

/** A reading of a process on Linux 6.18, with its data pages below its vDSO, and the words of the pages of that. */
export const reading = ({ ms, pid, ticks, at: vdso, copied = [], auxv, comm, inside }: Vdso): Snapshot => {
  const evidence: Evidence = readingOf({
    at: at(ms),
    pid,
    ticks,
    vdso,
    inside,
    ...(auxv === undefined ? {} : { auxv }),
    ...(comm === undefined ? {} : { comm }),
  });
  const words = FRAMES.map((frame, page) => (copied.includes(page) ? COPIED : CLEAN | frame));
  const data = [vma(vdso - 0x6000n, 4, '[vvar]'), vma(vdso - 0x2000n, 2, '[vvar_vclock]')];
  return {
    kind: 'snapshot',
    pid,
    startedAt: at(ms),
    evidence: {
      ...evidence,
      host: { ...evidence.host, reference: new Map([['x86_64', FRAMES]]) },
      vmas: [...data, ...(evidence.vmas ?? [])],
      pagemap: new Map([[vdso, BigUint64Array.from(words)]]),
    },
  };
};

/** Events and readings, one frame for each, in order. */
export const frames = (...list: readonly (Event | Observation)[]): readonly Part[] =>
  list.map((one) => {
    const observation = 'kind' in one && isObservation(one) ? one : happened(one as Event, targetOf(one as Event));
    const time =
      observation.kind === 'event'
        ? observation.event.at
        : observation.kind === 'snapshot'
          ? observation.startedAt
          : observation.at;
    return { observations: [observation], at: time };
  });

const OBSERVATIONS: ReadonlySet<string> = new Set(['event', 'snapshot', 'census', 'swept', 'tick']);
const isObservation = (one: Event | Observation): one is Observation => OBSERVATIONS.has(one.kind);

const targetOf = (event: Event): number | undefined => (event.kind === 'poke' ? event.targetPid : undefined);
