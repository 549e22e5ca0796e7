import type { Evidence } from '../../src/model/evidence.js';
import type { AddressSpace, HistoryLine, ProcessState, WatchState } from '../../src/model/state.js';
import type {
  Finding,
  MappingVerdict,
  Policies,
  PolicyVerdict,
  VdsoVerdict,
  Verdict,
} from '../../src/model/verdict.js';
import type { Vma } from '../../src/model/vma.js';

/** States as the pipeline makes them, made up: nothing here is judged, so the words may be anything. */

export const SECOND = 1_000_000_000n;
export const NOW = 86_400n * SECOND;
export const VDSO = 0x7ffd8a3f2000n;

export const finding = (code: string, severity: Finding['severity'], more: Partial<Finding> = {}): Finding => ({
  code,
  severity,
  mapping: undefined,
  text: `what ${code} means, in a sentence`,
  evidence: [],
  criuMessage: undefined,
  ...more,
});

export const vdso = (more: Partial<VdsoVerdict> = {}): VdsoVerdict => ({
  start: VDSO,
  end: VDSO + 0x2000n,
  image: 'x86_64',
  moved: false,
  modifiedPages: [],
  vvarAttached: true,
  sealed: false,
  permissions: 'r-xp',
  frames: [0x2c04n, 0x2c05n],
  ...more,
});

const policy = (decision: readonly bigint[] | undefined, right: boolean | undefined): PolicyVerdict => ({
  decision,
  right,
  why: '',
  criuMessages: [],
});

export const policies = (more: Partial<Policies> = {}): Policies => ({
  hint: policy([VDSO], true),
  pfn: policy([VDSO], true),
  symtable: policy([VDSO], true),
  ...more,
});

export const verdict = (more: Partial<Verdict> = {}): Verdict => ({
  vdso: vdso(),
  hint: 'ok',
  mappings: [mapping()],
  findings: [],
  policies: policies(),
  confidence: 'proven',
  abi: 'x86_64',
  applicable: true,
  ...more,
});

export const mapping = (more: Partial<MappingVerdict> = {}): MappingVerdict => ({
  start: VDSO,
  end: VDSO + 0x2000n,
  name: '[vdso]',
  class: 'genuine',
  confidence: 'proven',
  evidence: ["pagemap: page 0 is the kernel's (file bit set, not anonymous)"],
  ...more,
});

export const vma = (start: bigint, size: bigint, name: string, permissions = 'r--p'): Vma => ({
  start,
  end: start + size,
  read: permissions[0] === 'r',
  write: permissions[1] === 'w',
  execute: permissions[2] === 'x',
  shared: permissions[3] === 's',
  offset: 0n,
  device: '00:00',
  inode: name.startsWith('/') ? 42n : 0n,
  name,
});

export const usualVmas = (): readonly Vma[] => [
  vma(0x55d0c0000000n, 0x2000n, '/usr/bin/sleep'),
  vma(0x55d0c0002000n, 0x5000n, '/usr/bin/sleep', 'r-xp'),
  vma(0x55d0c1000000n, 0x21000n, '[heap]', 'rw-p'),
  vma(0x7f20aa000000n, 0x1d5000n, '/usr/lib/x86_64-linux-gnu/libc.so.6', 'r-xp'),
  vma(0x7ffd8a3b0000n, 0x21000n, '[stack]', 'rw-p'),
  vma(VDSO - 0x4000n, 0x4000n, '[vvar]'),
  vma(VDSO, 0x2000n, '[vdso]', 'r-xp'),
];

export const evidence = (pid: number, comm: string, more: Partial<Evidence> = {}): Evidence => ({
  source: 'proc',
  takenAt: NOW - 2n * SECOND,
  host: { release: '6.18.5', machine: 'x86_64', pageSize: 4096, hintTest: 'kept', reference: new Map() },
  process: {
    pid,
    comm,
    cmdline: [`/usr/bin/${comm}`, '300'],
    startTicks: 100n,
    state: 'S',
    parent: 1,
    tracer: 0,
    uid: 0,
    kernelThread: false,
  },
  vmas: usualVmas(),
  smaps: undefined,
  pagemap: new Map(),
  kpageflags: new Map(),
  bytes: new Map(),
  auxv: undefined,
  namespaces: new Map([
    ['time', 4026531834n],
    ['uts', 4026531838n],
  ]),
  contextVdso: VDSO,
  faultedPages: false,
  unread: [],
  ...more,
});

export interface Made {
  readonly process: ProcessState;
  readonly space: AddressSpace;
}

export interface Making {
  readonly pid: number;
  readonly comm?: string;
  readonly process?: Partial<ProcessState>;
  readonly space?: Partial<AddressSpace>;
  readonly verdict?: Partial<Verdict>;
}

export const made = ({ pid, comm = `proc-${pid}`, process, space, verdict: words }: Making): Made => {
  const id = process?.space ?? `space-${pid}`;
  return {
    process: {
      key: `${pid}@100`,
      pid,
      comm,
      parent: 1,
      space: id,
      generation: 0,
      exitedAt: undefined,
      unreadable: undefined,
      ...process,
    },
    space: {
      id,
      key: undefined,
      evidence: evidence(pid, comm),
      verdict: verdict(words),
      members: [process?.key ?? `${pid}@100`],
      sharers: 1,
      moves: 0,
      history: [],
      dirty: false,
      ...space,
    },
  };
};

export const happened = (
  pid: number,
  comm: string,
  ago: bigint,
  text: string,
  more: Partial<HistoryLine> = {},
): HistoryLine => ({
  at: NOW - ago,
  pid,
  comm,
  space: `space-${pid}`,
  severity: 'info',
  text,
  event: undefined,
  finding: undefined,
  ...more,
});

export const watchState = (all: readonly Made[], more: Partial<WatchState> = {}): WatchState => ({
  host: { name: 'node-7', release: '6.18.5', machine: 'x86_64', privileged: true },
  tracer: { mode: 'ebpf', text: 'bpftrace 0.17.0, 31 probes', notes: [] },
  processes: new Map(all.map(({ process }) => [process.key, process])),
  spaces: new Map(all.map(({ space }) => [space.id, space])),
  recent: [],
  counters: { events: 0, rate: 0, lost: 0n, gaps: 0, snapshots: all.length, sweeps: 1 },
  now: NOW,
  ...more,
});

/** One of each: what a lively machine looks like. Goldens are made of this. */
export const livelyState = (): WatchState => {
  const far = 0x7f20b0000000n;
  const moved = happened(
    2210,
    'restore-worker',
    3n * SECOND,
    `mremap moved the vDSO ${VDSO.toString(16)} -> ${far.toString(16)}`,
    {
      severity: 'warning',
    },
  );
  const gone = happened(2330, 'memcheck-amd64-', 65n * SECOND, `munmap ${VDSO.toString(16)}+2000 took the vDSO away`, {
    severity: 'error',
  });
  const forked = happened(2401, 'worker', 3700n * SECOND, 'clone with CLONE_VM: shares the address space of 2400');
  return watchState(
    [
      made({ pid: 1, comm: 'systemd', process: { parent: 0 } }),
      made({
        pid: 2,
        comm: 'kthreadd',
        verdict: { applicable: false, vdso: null, hint: 'none', mappings: [], abi: undefined },
      }),
      made({ pid: 871, comm: 'sshd' }),
      made({
        pid: 1044,
        comm: 'legacy',
        verdict: { abi: 'i386', vdso: vdso({ start: 0xf7f2c000n, end: 0xf7f2e000n, image: 'i386' }) },
      }),
      made({
        pid: 2210,
        comm: 'restore-worker',
        verdict: {
          vdso: vdso({ start: far, end: far + 0x2000n, moved: true, vvarAttached: false }),
          mappings: [mapping({ start: far, end: far + 0x2000n })],
          findings: [
            finding('vvar-detached', 'error', {
              mapping: far,
              text: 'The vDSO no longer stands beside its vvar: every call of clock_gettime through it reads what is there now.',
              evidence: ['maps: [vvar] at 7ffd8a3ee000, [vdso] at 7f20b0000000'],
              criuMessage: 'Warn (criu/parasite-syscall.c): VDSO without VVAR',
            }),
            finding('vdso-moved', 'info', { mapping: far, evidence: ['mremap by 2210 at 86397.000'] }),
          ],
          policies: policies({
            hint: policy([far], true),
            pfn: { ...policy(undefined, undefined), why: 'the page is not present' },
            symtable: policy([far], true),
          }),
        },
        space: {
          moves: 1,
          history: [moved],
          evidence: evidence(2210, 'restore-worker', {
            vmas: [...usualVmas().slice(0, 4), vma(far, 0x2000n, '[vdso]', 'r-xp'), ...usualVmas().slice(4, 6)],
          }),
        },
      }),
      made({
        pid: 2330,
        comm: 'memcheck-amd64-',
        verdict: {
          vdso: null,
          hint: 'none',
          mappings: [],
          findings: [finding('vdso-unmapped', 'error', { criuMessage: 'Error (criu/vdso.c): No VDSO' })],
        },
        space: { history: [gone] },
      }),
      made({
        pid: 2380,
        comm: 'hook-demo',
        verdict: {
          vdso: vdso({ modifiedPages: [0] }),
          findings: [finding('page-modified', 'warning', { mapping: VDSO })],
        },
      }),
      made({ pid: 2400, comm: 'worker', space: { sharers: 2, history: [forked] } }),
      made({
        pid: 2401,
        comm: 'worker',
        process: { space: 'space-2400', parent: 2400 },
        space: { id: 'space-2400', sharers: 2 },
      }),
      made({ pid: 2500, comm: 'gone', process: { exitedAt: NOW - 5n * SECOND } }),
      made({
        pid: 2600,
        comm: 'secret',
        process: { unreadable: 'permission denied' },
        space: { verdict: undefined, evidence: undefined },
      }),
      made({ pid: 2700, comm: 'fresh', space: { verdict: undefined, evidence: undefined, dirty: true } }),
      made({ pid: 2800, comm: 'doubtful', space: { dirty: true }, verdict: { confidence: 'likely', hint: undefined } }),
    ],
    {
      recent: [forked, gone, moved],
      counters: { events: 1234, rate: 3.2, lost: 0n, gaps: 0, snapshots: 99, sweeps: 1 },
    },
  );
};
