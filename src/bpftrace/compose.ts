import { compatDefines, compatTest, X86_COMPAT_TEST } from './calls.js';
import { definesUsed, FORMAT_TYPES, queueDefines, windowDefines } from './defines.js';
import type { Host } from './host.js';
import { followMembers, MEMBER_PATH, type MemberPath, padMembers } from './members.js';
import type { Probe, Script } from './script.js';

/** One script for this host, and what it cannot do here. */
export interface Composition {
  readonly text: string;
  /** Attach points in the order in which they attach; the heartbeat's is the last. */
  readonly points: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** Sentences for the user: what this host keeps from being seen. */
  readonly notes: readonly string[];
}

interface LeftOut {
  readonly script: string;
  readonly point: string;
  readonly why: string;
}

/** Scripts of the main bpftrace, in order: those that attach first see first. */
const MAIN_SCRIPTS = ['task', 'namespace', 'write', 'remap', 'seal', 'heartbeat'] as const;
/** Instead, where nothing tells which call touches a vDSO. */
const UNFILTERED_SCRIPTS = ['task', 'namespace', 'write', 'unfiltered', 'heartbeat'] as const;
/** Instead of `task`, where the verifier takes its loop. */
const QUEUED = 'task-queue';
/** With a bpftrace that has one ring per CPU, before the heartbeat. */
const RINGS = 'rings';

export interface Ways {
  /** The lives of processes are told in batches, if this host can. */
  readonly queued?: boolean;
  /** This bpftrace has one ring per CPU. */
  readonly rings?: boolean;
}

/** Scripts of a second bpftrace, for the time that there are 32-bit tasks. */
const COMPAT_SCRIPTS = ['compat', 'heartbeat'] as const;

const VDSO_PATH = 'curtask->mm->context.vdso';

/** Whether the probes can tell where the kernel put the vDSO of a task; without, they cannot filter. */
export const knowsVdsoPointer = (host: Host): boolean => resolve(host, VDSO_PATH) !== undefined;

const LIVE_PATH = 'curtask->signal->live.counter';

/** Whether an exit record means that the whole process has gone. */
export const knowsLastExit = (host: Host): boolean => resolve(host, LIVE_PATH) !== undefined;

/**
 * One missing tracepoint, field or member would make bpftrace refuse the whole script (measured), so
 * only what this host has goes in, with members by offset. `scripts`: by name, all of probes/.
 */
export const composeMain = (
  host: Host,
  scripts: ReadonlyMap<string, Script>,
  { queued = true, rings = false }: Ways = {},
): Composition => {
  const filtered = knowsVdsoPointer(host);
  const names: readonly string[] = filtered ? MAIN_SCRIPTS : UNFILTERED_SCRIPTS;
  const told = queued && host.queues !== undefined ? names.map((name) => (name === 'task' ? QUEUED : name)) : names;
  const chosen = rings ? withRings(told) : told;
  const composition = compose(host, pick(scripts, chosen), new Map([...windowDefines(host), ...queueDefines(host)]));
  const notes = filtered ? [] : [host.btf === undefined ? NO_BTF : NO_VDSO_MEMBER];
  return { ...composition, notes };
};

/** undefined: 32-bit calls cannot be seen here. */
export const composeCompat = (
  host: Host,
  scripts: ReadonlyMap<string, Script>,
  { rings = false }: Ways = {},
): Composition | undefined => {
  const test = compatTest(host.arch);
  if (test === undefined || !knowsVdsoPointer(host)) return undefined;
  const adapted = pick(scripts, rings ? withRings(COMPAT_SCRIPTS) : COMPAT_SCRIPTS).map((script) => ({
    ...script,
    probes: script.probes.map((probe) => ({ ...probe, action: probe.action.replaceAll(X86_COMPAT_TEST, test) })),
  }));
  const composition = compose(host, adapted, new Map([...windowDefines(host), ...compatDefines(host.arch)]));
  return composition.points.some((point) => point === 'tracepoint:raw_syscalls:sys_enter')
    ? { ...composition, notes: [] }
    : undefined;
};

/** The heartbeat stays the last. */
const withRings = (names: readonly string[]): readonly string[] => [...names.slice(0, -1), RINGS, ...names.slice(-1)];

const NO_BTF =
  'this kernel has no BTF (/sys/kernel/btf/vmlinux): moves are traced unfiltered, unmapping is found by re-checks only';
const NO_VDSO_MEMBER =
  "this kernel's BTF knows no mm->context.vdso: moves are traced unfiltered, unmapping is found by re-checks only";

const pick = (scripts: ReadonlyMap<string, Script>, names: readonly string[]): readonly Script[] =>
  names.flatMap((name) => scripts.get(name) ?? []);

const compose = (
  host: Host,
  scripts: readonly Script[],
  overrides: ReadonlyMap<string, string>,
): Omit<Composition, 'notes'> => {
  const judged = scripts.flatMap((script) => script.probes.map((probe) => judgeProbe(host, script.name, probe)));
  const kept = judged.flatMap(({ probe }) => (probe.points.length > 0 ? [probe] : []));
  const paths = new Map<string, MemberPath>();
  for (const path of kept.flatMap(({ action }) => pathsIn(action))) {
    const found = resolve(host, path);
    if (found !== undefined) paths.set(path, found);
  }
  const { structs, rewritten } = padMembers(paths);
  const bodies = kept.map(({ points, action }) => {
    const body = action.replace(MEMBER_PATH, (path) => rewritten.get(path) ?? INSTEAD.get(path) ?? path);
    return `${points.join(',\n')}\n${body}`;
  });
  const defines = new Map([...scripts.flatMap((script) => [...script.defines]), ...overrides]);
  const text = [...FORMAT_TYPES, ...definesUsed(bodies, defines), ...(paths.size > 0 ? [structs] : []), ...bodies].join(
    '\n',
  );
  return { text: `${text}\n`, points: kept.flatMap(({ points }) => points), leftOut: judged.flatMap((j) => j.leftOut) };
};

/** The probe with the attach points that work here: none when its action needs what this host does not have. */
const judgeProbe = (host: Host, script: string, probe: Probe): { probe: Probe; leftOut: readonly LeftOut[] } => {
  const missing = pathsIn(probe.action).find((path) => resolve(host, path) === undefined && !INSTEAD.has(path));
  const wanted = [...probe.action.matchAll(/\bargs->(\w+)/g)].map(([, field = '']) => field);
  const leftOut: LeftOut[] = [];
  const points = probe.points.filter((point) => {
    const why =
      missing === undefined
        ? whyNot(host, point, wanted)
        : `this kernel's BTF has no ${missing.replace('curtask->', '')}`;
    if (why !== undefined) leftOut.push({ script, point, why });
    return why === undefined;
  });
  return { probe: { ...probe, points }, leftOut };
};

const whyNot = (host: Host, point: string, wanted: readonly string[]): string | undefined => {
  const tracepoint = /^tracepoint:(.*)$/.exec(point)?.[1];
  if (tracepoint === undefined) return undefined;
  const fields = host.fields(tracepoint);
  if (fields === undefined) return 'this kernel has no such tracepoint';
  const missing = wanted.find((field) => !fields.has(field));
  return missing === undefined ? undefined : `its field ${missing} is not there on this kernel`;
};

const pathsIn = (action: string): readonly string[] => [...new Set(action.match(MEMBER_PATH) ?? [])];

/** context.vdso is context.vdso_base on s390, parisc and powerpc before 5.11 (measured). */
const resolve = ({ btf }: Host, path: string): MemberPath | undefined => {
  if (btf === undefined) return undefined;
  return followMembers(btf, path) ?? (path === VDSO_PATH ? followMembers(btf, `${VDSO_PATH}_base`) : undefined);
};

/**
 * What stands for a member that is not there, so that one unknown number does not cost the event: 0 reads as unknown,
 * and a status that wait(2) never gives.
 * pid and tid: builtins, right unless bpftrace runs in a pid namespace of its own. The image's size: the native one's.
 */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['curtask->tgid', 'pid'],
  ['curtask->pid', 'tid'],
  ['curtask->mm', '0'],
  ['curtask->mm->context.ctx_id', '0'],
  [VDSO_PATH, '0'],
  ['curtask->nsproxy->pid_ns_for_children->ns.inum', '0'],
  ['curtask->mm->context.vdso_image->size', 'VDSO'],
  [LIVE_PATH, '(tid - pid)'],
  ['curtask->exit_code', '65536'],
]);
