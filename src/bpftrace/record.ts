import type { Event, MappingCall, SpaceKey } from '../model/event.js';
import { type CallName, type CallTables, callTables } from './calls.js';
import { commDecoder, hexNumber, statusOf } from './fields.js';

/** One line of bpftrace's standard output, understood. */
export type Line =
  | { readonly kind: 'event'; readonly event: Event }
  /** The heartbeat's record. */
  | { readonly kind: 'beat'; readonly at: bigint }
  /** How far the ring of a CPU has been read. */
  | { readonly kind: 'mark'; readonly cpu: number; readonly at: bigint }
  /** The kernel's count of records made so far, heartbeats included, as bpftrace read it just now. */
  | { readonly kind: 'total'; readonly emitted: bigint }
  /** A record that we do not understand: it was printed, so it counts, and is never an event. */
  | { readonly kind: 'garbage' }
  /** Everything else that bpftrace says of itself: attached_probes, maps at its end, its own (wrong) lost_events. */
  | { readonly kind: 'other' };

export interface Decoding {
  /** As `process.arch` has it: which system call a number is. */
  readonly arch: string;
  /** False: the probes could not read mm->context.vdso and print 0 for it. */
  readonly knowsVdso: boolean;
  /** False: an exit record is a leader's, whose threads may live on. */
  readonly knowsLastExit: boolean;
}

/**
 * The lines of probes/ under `bpftrace -f json`, one latin1 string per line. Strict: every field must be a number of
 * the right kind, so that nothing a process can choose (its comm comes as hexadecimal) forges a record.
 */
export const lineDecoder = ({ arch, knowsVdso, knowsLastExit }: Decoding): ((line: string) => Line) => {
  const tables = callTables(arch);
  const comms = commDecoder();
  const vdso = (text: string): bigint | undefined => (knowsVdso ? hexNumber(text) : undefined);
  const event = (decoded: Event | undefined): Line =>
    decoded === undefined ? GARBAGE : { kind: 'event', event: decoded };

  const seen = (fields: Fields) => ({
    at: BigInt(fields[1] ?? ''),
    tgid: Number(fields[2]),
    tid: Number(fields[3]),
    space: { id: hexNumber(fields[4] ?? ''), mm: hexNumber(fields[5] ?? '') } satisfies SpaceKey,
    comm: comms(fields.at(-1) ?? ''),
  });

  const lifeEvent = ([, kind = '', ...fields]: Fields): Event => {
    const [a = '', b = ''] = fields.slice(5, 7);
    const who = seen(['', ...fields]);
    if (kind === '1') return { kind: 'fork', ...who, childPid: Number(hexNumber(a)), cloneFlags: hexNumber(b) };
    if (kind === '2') return { kind: 'exec', ...who, vdso: vdso(a) };
    return { kind: 'exit', ...who, wholeProcess: knowsLastExit, status: statusOf(a) };
  };

  const record = (text: string): Line => {
    const call = CALL.exec(text);
    if (call !== null) return event(callEvent(seen(call), call, tables, vdso));
    const beat = BEAT.exec(text);
    if (beat !== null) return { kind: 'beat', at: BigInt(beat[1] ?? '') };
    const mark = MARK.exec(text);
    if (mark !== null) return { kind: 'mark', cpu: Number(mark[1]), at: BigInt(mark[2] ?? '') };
    const life = LIFE.exec(text);
    if (life !== null) return event(lifeEvent(life));
    const exec = EXEC.exec(text);
    if (exec !== null) return event({ kind: 'exec', ...seen(exec), vdso: vdso(exec[6] ?? '') });
    const fork = FORK.exec(text);
    if (fork !== null)
      return event({
        kind: 'fork',
        ...seen(fork),
        childPid: Number(fork[6]),
        cloneFlags: hexNumber(fork[7] ?? ''),
      });
    const exit = EXIT.exec(text);
    if (exit !== null) {
      const status = statusOf(exit[6] ?? '');
      return event({ kind: 'exit', ...seen(exit), wholeProcess: knowsLastExit, status });
    }
    return GARBAGE;
  };

  return (line) => {
    if (line.startsWith(RECORD_START))
      return line.endsWith(RECORD_END) ? record(line.slice(RECORD_START.length, -RECORD_END.length)) : GARBAGE;
    const total = TOTAL.exec(line);
    return total === null ? OTHER : { kind: 'total', emitted: BigInt(total[1] ?? '') };
  };
};

const GARBAGE: Line = { kind: 'garbage' };
const OTHER: Line = { kind: 'other' };

/** The same on bpftrace 0.17 to 0.27; with our own records nothing in them needs an escape but the newline. */
const RECORD_START = '{"type": "printf", "data": "';
const RECORD_END = '\\n"}';
const TOTAL = /^\{"type": "map", "data": \{"@emitted": (\d{1,19})\}\}$/;

type Fields = readonly string[];

// NS TGID TID CTX MM
const WHO = '(\\d{1,20}) (\\d{1,10}) (\\d{1,10}) ([0-9a-f]{1,16}) ([0-9a-f]{1,16})';
const HEX = '([0-9a-f]{1,16})';
const COMM = '((?:[0-9a-f]{2} ){15}[0-9a-f]{2}) ?';
const BEAT = /^beat (\d{1,20})$/;
const MARK = /^mark (\d{1,5}) (\d{1,20})$/;
const CALL = new RegExp(
  `^call ${WHO} (\\d{1,10}) ([01]) (-?\\d{1,20}) ${HEX} ${HEX} ${HEX} ${HEX} ${HEX} ${HEX} ${HEX} ${HEX} ${COMM}$`,
);
/** task-queue.bt: fork (1), exec (2) or exit (3). */
const LIFE = new RegExp(`^life ([123]) ${WHO} ${HEX} ${HEX} ${COMM}$`);
const EXEC = new RegExp(`^exec ${WHO} ${HEX} ${COMM}$`);
const FORK = new RegExp(`^fork ${WHO} (\\d{1,10}) ${HEX} ${COMM}$`);
const EXIT = new RegExp(`^exit ${WHO} ${HEX} ${COMM}$`);

/** How many arguments each call has; the records always carry six. */
const ARITY: Readonly<Record<MappingCall, number>> = {
  mremap: 5,
  munmap: 2,
  mmap: 6,
  shmat: 3,
  remap_file_pages: 5,
  mprotect: 3,
  pkey_mprotect: 4,
  mseal: 3,
  madvise: 3,
  arch_prctl: 2,
};

const callEvent = (
  seen: { at: bigint; tgid: number; tid: number; space: SpaceKey; comm: string },
  fields: Fields,
  tables: CallTables | undefined,
  vdso: (text: string) => bigint | undefined,
): Event | undefined => {
  const compat = fields[7] === '1';
  const name = (compat ? tables?.compat : tables?.native)?.get(Number(fields[6]));
  const result = resultOf(fields[8] ?? '', compat);
  const args = fields.slice(11, 17).map(hexNumber);
  const [a0 = 0n, a1 = 0n, a2 = 0n, , a4 = 0n, a5 = 0n] = args;
  // write.bt puts it there; compat.bt has what was in that register.
  const writer = compat || a5 === 0n ? {} : { pidNamespace: a5 };
  const mapping = (call: MappingCall, its: readonly bigint[]): Event => ({
    kind: 'call',
    ...seen,
    call,
    args: its.slice(0, ARITY[call]),
    result,
    compat,
    vdsoBefore: vdso(fields[9] ?? ''),
    vdsoAfter: vdso(fields[10] ?? ''),
  });
  switch (name) {
    case undefined:
      return undefined;
    case 'ipc':
      // ipc(SHMAT, shmid, flags, &address, address): the arguments of shmat, and its result is not the address.
      return mapping('shmat', [a1, a4, a2]);
    case 'ptrace':
      return { kind: 'poke', ...seen, how: name, targetPid: pidOf(a1), ...writer, address: a2, result };
    case 'process_vm_writev': {
      const address = a4 === 0n ? undefined : a4;
      return { kind: 'poke', ...seen, how: name, targetPid: pidOf(a0), ...writer, address, result };
    }
    case 'setns':
      return { kind: 'namespace', ...seen, call: name, flags: BigInt.asUintN(32, a1), result };
    case 'unshare':
      return { kind: 'namespace', ...seen, call: name, flags: a0, result };
    case 'prctl':
      return { kind: 'prctl', ...seen, option: a1, result };
    default:
      return mapping(name satisfies MappingCall & CallName, args);
  }
};

const pidOf = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** arm64 shows the result of a 32-bit call sign-extended (measured): an address, unless it is an errno. */
const resultOf = (text: string, compat: boolean): bigint => {
  const value = BigInt(text);
  return compat && (value < -4095n || value > 0xffff_ffffn) ? BigInt.asUintN(32, value) : value;
};
