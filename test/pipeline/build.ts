import type { CallEvent, Event, ExecEvent, ExitEvent, ForkEvent, SpaceKey } from '../../src/model/event.js';
import type { Evidence, Host } from '../../src/model/evidence.js';
import type { Verdict } from '../../src/model/verdict.js';
import type { Vma } from '../../src/model/vma.js';
import { type Judge, judged } from '../../src/pipeline/judged.js';
import { closeFrame, type Frame, type Ledger, openLedger } from '../../src/pipeline/ledger.js';
import type { Observation, Snapshot } from '../../src/pipeline/observation.js';
import { step } from '../../src/pipeline/step.js';

/** Made-up machines for the pipeline: events, readings, and a judge that only says where [vdso] is. */

export const MS = 1_000_000n;
export const SECOND = 1000n * MS;
/** Everything in these tests happens some seconds after this, so that ticks are no tiny numbers. */
export const T0 = 5000n * SECOND;

export const space = (id: number): SpaceKey => ({
  id: BigInt(id),
  mm: 0xffff_8880_0000_0000n + BigInt(id) * 0x1000n,
});

interface Who {
  readonly at: bigint;
  readonly pid: number;
  /** ctx_id. */
  readonly in: number;
  readonly comm?: string;
  readonly tid?: number;
}

const seen = ({ at, pid, in: id, comm = 'puppet', tid = pid }: Who) => ({ at, tgid: pid, tid, comm, space: space(id) });

export const CLONE_VM = 0x100n;
export const VFORK = 0x4111n;

export const forked = (who: Who & { readonly child: number; readonly flags?: bigint }): ForkEvent => ({
  ...seen(who),
  kind: 'fork',
  childPid: who.child,
  cloneFlags: who.flags ?? 0x1200011n,
});

export const execed = (who: Who & { readonly vdso?: bigint }): ExecEvent => ({
  ...seen(who),
  kind: 'exec',
  vdso: who.vdso,
});

export const exited = (who: Who & { readonly whole?: boolean; readonly status?: number }): ExitEvent => ({
  ...seen(who),
  kind: 'exit',
  wholeProcess: who.whole ?? true,
  status: who.status ?? 0,
});

type CallParts = Partial<Pick<CallEvent, 'call' | 'args' | 'result' | 'compat' | 'vdsoBefore' | 'vdsoAfter'>>;

export const called = (who: Who & CallParts): CallEvent => ({
  ...seen(who),
  kind: 'call',
  call: who.call ?? 'mremap',
  args: who.args ?? [],
  result: who.result ?? 0n,
  compat: who.compat ?? false,
  vdsoBefore: who.vdsoBefore,
  vdsoAfter: who.vdsoAfter,
});

/** mremap of the vDSO (two pages) that succeeded. */
export const moved = (who: Who & { readonly from: bigint; readonly to: bigint }): CallEvent =>
  called({
    ...who,
    args: [who.from, 0x2000n, 0x2000n, 3n, who.to],
    result: who.to,
    vdsoBefore: who.from,
    vdsoAfter: who.to,
  });

export const happened = (event: Event, target?: number): Observation => ({
  kind: 'event',
  event,
  target,
  snapshot: 'asked',
});

/** Nothing older will come any more. */
export const heard = (at: bigint): Observation => happened({ kind: 'heartbeat', at, emitted: 0n, received: 0n });

export const HOST: Host = {
  release: '6.18.0',
  machine: 'x86_64',
  pageSize: 4096,
  hintTest: 'kept',
  reference: new Map(),
};

export const vma = (start: bigint, pages: number, name: string): Vma => ({
  start,
  end: start + BigInt(pages) * 0x1000n,
  read: true,
  write: false,
  execute: name === '[vdso]',
  shared: false,
  offset: 0n,
  device: '00:00',
  inode: 0n,
  name,
});

interface Reading {
  readonly at: bigint;
  readonly pid: number;
  readonly ticks: bigint;
  /** Where [vdso] is; undefined: nowhere. */
  readonly vdso?: bigint | undefined;
  /** AT_SYSINFO_EHDR; the place of the vDSO unless given. */
  readonly auxv?: bigint;
  readonly comm?: string;
  readonly state?: string;
  readonly parent?: number;
  /** Its pid in a namespace of its own. */
  readonly inside?: number | undefined;
}

export const readingOf = ({ at, pid, ticks, vdso, auxv, comm, state = 'S', parent, inside }: Reading): Evidence => {
  const put = auxv ?? vdso;
  const named = vdso === undefined ? [] : [vma(vdso, 2, '[vdso]')];
  return {
    source: 'proc',
    takenAt: at,
    host: HOST,
    process: {
      pid,
      comm: comm ?? 'puppet',
      cmdline: undefined,
      startTicks: ticks,
      state,
      parent,
      tracer: undefined,
      uid: undefined,
      kernelThread: false,
      ...(inside === undefined ? {} : { insidePid: inside }),
    },
    vmas: state === 'Z' ? [] : [...named, vma(0x7ffc_0000_0000n, 33, '[stack]')],
    smaps: undefined,
    pagemap: new Map(),
    kpageflags: new Map(),
    bytes: new Map(),
    auxv: put === undefined ? undefined : { wordSize: 8, littleEndian: true, entries: new Map([[33, put]]) },
    namespaces: new Map(),
    contextVdso: undefined,
    faultedPages: false,
    unread: [],
  };
};

export const read = (reading: Reading): Snapshot => ({
  kind: 'snapshot',
  pid: reading.pid,
  startedAt: reading.at,
  evidence: readingOf(reading),
});

/** What a reading of a vanished process looks like. */
export const goneEvidence = (at: bigint, pid: number): Evidence => {
  const evidence = readingOf({ at, pid, ticks: 0n });
  return {
    ...evidence,
    vmas: undefined,
    auxv: undefined,
    process: { ...evidence.process, startTicks: undefined, comm: undefined, state: undefined },
    unread: [{ what: 'stat', why: 'gone', detail: 'ENOENT' }],
  };
};

const UNDECIDED = { decision: undefined, right: undefined, why: '', criuMessages: [] };

/** Knows two things: where [vdso] is, and whether that is where it was put. */
export const simpleJudge: Judge = (evidence, context): Verdict => {
  const found = evidence.vmas?.find(({ name }) => name === '[vdso]');
  const put = context.placedAt ?? evidence.auxv?.entries.get(33);
  const isMoved = found !== undefined && put !== undefined && found.start !== put;
  return {
    vdso:
      found === undefined
        ? null
        : {
            start: found.start,
            end: found.end,
            image: 'x86_64',
            moved: isMoved,
            modifiedPages: [],
            vvarAttached: true,
            sealed: false,
            permissions: 'r-xp',
            frames: [],
          },
    hint: 'ok',
    mappings: [],
    findings: isMoved
      ? [
          {
            code: 'vdso-moved',
            severity: 'warning',
            mapping: found.start,
            text: `moved by ${context.moves?.at(-1)?.pid ?? 'nobody known'}`,
            evidence: [],
            criuMessage: undefined,
          },
        ]
      : [],
    policies: { hint: UNDECIDED, pfn: UNDECIDED, symtable: UNDECIDED },
    confidence: 'proven',
    abi: 'x86_64',
    applicable: evidence.vmas?.length !== 0,
  };
};

/** A ledger with probes running, or polling. */
export const begin = (mode: 'ebpf' | 'polling' = 'ebpf'): Ledger => {
  const ledger = openLedger({ name: 'test', release: '6.18.0', machine: 'x86_64', privileged: true });
  run(ledger, [happened({ kind: 'status', at: T0, status: { mode, text: mode, notes: [] } })]);
  return ledger;
};

/** One frame. */
export const run = (ledger: Ledger, observations: readonly Observation[]): Frame =>
  closeFrame(judged(simpleJudge)(step(ledger, observations)));

/** The living process of a pid, with its address space. */
export const stateOf = ({ state }: Frame, pid: number) => {
  const process = [...state.processes.values()].find((one) => one.pid === pid && one.exitedAt === undefined);
  return { process, space: process === undefined ? undefined : state.spaces.get(process.space) };
};

/** The same of one that must be there: of none everything is undefined. */
export const livingOf = (frame: Frame, pid: number) => {
  const { process, space } = stateOf(frame, pid);
  if (process === undefined || space === undefined) throw new Error(`no process ${pid} is alive`);
  return { process, space };
};

/** Where the vDSO of a living process is, and whether it moved. */
export const placeOf = (frame: Frame, pid: number) => {
  const vdso = stateOf(frame, pid).space?.verdict?.vdso;
  return vdso === undefined || vdso === null ? vdso : { start: vdso.start, moved: vdso.moved };
};
