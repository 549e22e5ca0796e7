/**
 * What a probe saw, decoded. All times are CLOCK_BOOTTIME in ns (bpftrace `nsecs`, 0.12 and later); all pids are
 * those of the initial pid namespace unless the field says otherwise. `comm` is the raw bytes as latin1: hostile.
 */
export type Event =
  | CallEvent
  | PokeEvent
  | ForkEvent
  | ExecEvent
  | ExitEvent
  | NamespaceEvent
  | PrctlEvent
  | GapEvent
  | HeartbeatEvent
  | StatusEvent;

/** How far our own boot clock may be behind that of the events: it is measured in steps of 10 ms (proc/clock.ts). ns. */
export const CLOCK_ERROR = 20_000_000n;

interface Seen {
  readonly at: bigint;
  readonly tgid: number;
  readonly tid: number;
  readonly comm: string;
  readonly space: SpaceKey;
}

/**
 * Identity of an address space. `id` is mm->context.ctx_id on x86, unique per boot ("never reused",
 * arch/x86/include/asm/mmu.h); 0n elsewhere, and then (mm, until exit) is the key. A pid is no identity.
 */
export interface SpaceKey {
  readonly id: bigint;
  readonly mm: bigint;
}

/** ctx_id is unique per boot; an mm pointer is only as good as the exit that ends it. */
export const contextKey = (key: SpaceKey): string | undefined => {
  if (key.id !== 0n) return `ctx:${key.id}`;
  return key.mm === 0n ? undefined : `mm:${key.mm.toString(16)}`;
};

/** A system call that touches, or tried to touch, the vDSO or vvar mappings of its own address space. */
export interface CallEvent extends Seen {
  readonly kind: 'call';
  readonly call: MappingCall;
  /** As the kernel got them; see `MappingCall` for their order. 32-bit tasks: zero-extended. */
  readonly args: readonly bigint[];
  /** Return value, negative errno included. */
  readonly result: bigint;
  /** Made through the 32-bit entry (int 0x80, sysenter, a compat task). */
  readonly compat: boolean;
  /** mm->context.vdso at entry and at exit; undefined when BTF has no such field. */
  readonly vdsoBefore: bigint | undefined;
  readonly vdsoAfter: bigint | undefined;
}

/** Arguments in system call order: mremap(addr, old_len, new_len, flags, new_addr), munmap(addr, len), ... */
export type MappingCall =
  | 'mremap'
  | 'munmap'
  | 'mmap'
  | 'shmat'
  | 'remap_file_pages'
  | 'mprotect'
  | 'pkey_mprotect'
  | 'mseal'
  | 'madvise'
  | 'arch_prctl';

/** Somebody wrote into another process: ptrace POKE*, process_vm_writev. `targetPid` is in the writer's pid namespace. */
export interface PokeEvent extends Seen {
  readonly kind: 'poke';
  readonly how: 'ptrace' | 'process_vm_writev';
  readonly targetPid: number;
  /** Inode of that namespace, seen at the call: the writer may be gone before it can be asked. */
  readonly pidNamespace?: bigint;
  /** Address written, when the call says it. */
  readonly address: bigint | undefined;
  readonly result: bigint;
}

/** A new task that is not a mere thread. CLONE_VM set: it shares the parent's address space. */
export interface ForkEvent extends Seen {
  readonly kind: 'fork';
  readonly childPid: number;
  readonly cloneFlags: bigint;
}

/** Does the child live in the address space of its parent (vfork, CLONE_VM)? */
export const sharesSpace = ({ cloneFlags }: Pick<ForkEvent, 'cloneFlags'>): boolean => (cloneFlags & CLONE_VM) !== 0n;

/** include/uapi/linux/sched.h */
const CLONE_VM = 0x100n;

/** A new image: the space key is the new address space; `tid` that of the caller, `tgid` stays. */
export interface ExecEvent extends Seen {
  readonly kind: 'exec';
  readonly vdso: bigint | undefined;
}

/** `wholeProcess`: the last thread of tgid has gone. */
export interface ExitEvent extends Seen {
  readonly kind: 'exit';
  readonly wholeProcess: boolean;
  /** As of wait(2); undefined: a recording of a version that did not ask. */
  readonly status: number | undefined;
}

export interface NamespaceEvent extends Seen {
  readonly kind: 'namespace';
  readonly call: 'setns' | 'unshare';
  /** CLONE_NEW* bits asked for (setns: its nstype argument, 0 = any). */
  readonly flags: bigint;
  readonly result: bigint;
}

/** prctl(PR_SET_MM_*): may forge auxv. */
export interface PrctlEvent extends Seen {
  readonly kind: 'prctl';
  readonly option: bigint;
  readonly result: bigint;
}

/** Events between `from` and `at` were or may have been lost: all state is dirty until read afresh. */
export interface GapEvent {
  readonly kind: 'gap';
  readonly at: bigint;
  readonly from: bigint;
  /** late: a 32-bit task had run before its calls were traced, which is done only while there are any. */
  readonly cause: 'lost' | 'restarted' | 'stuck' | 'late';
  /** How many records are known to be lost; undefined when nobody counted. */
  readonly lost: bigint | undefined;
}

/** Kernel-side count of records emitted so far against records received: readiness, loss and clock in one. */
export interface HeartbeatEvent {
  readonly kind: 'heartbeat';
  readonly at: bigint;
  readonly emitted: bigint;
  readonly received: bigint;
}

/** The tracer itself changed: it started, became ready, died, fell back to polling. */
export interface StatusEvent {
  readonly kind: 'status';
  readonly at: bigint;
  readonly status: TracerStatus;
}

export interface TracerStatus {
  readonly mode: 'starting' | 'ebpf' | 'polling' | 'replay';
  /** One phrase for the header: "bpftrace 0.17.0, 31 probes", "polling: bpftrace not found". */
  readonly text: string;
  /** What this host cannot do, and the mend; said once. */
  readonly notes: readonly string[];
}
