import fc from 'fast-check';
import type { Event } from '../../src/model/event.js';
import type { Auxv, Evidence, Host, ProcessFacts, SmapsEntry } from '../../src/model/evidence.js';
import type { Vma } from '../../src/model/vma.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { CALLS } from '../../src/trace/format-event.js';

/** Anything the pipeline may be given, hostile text included. */

export const word = fc.oneof(
  fc.constantFrom(0n, 1n, 0x7ffff7fc1000n, 0x1f_ffff_ffff_ffffn, 0x20_0000_0000_0000n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const time = fc.oneof(fc.constantFrom(0n, 2n ** 53n - 1n, 2n ** 53n), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }));
const result = fc.oneof(fc.constantFrom(-22n, -4095n, 0n, -(2n ** 63n)), word);
const pid = fc.oneof(fc.nat(4_194_304), fc.constantFrom(0, 1, 2 ** 31 - 1));
export const latin1 = fc.oneof(
  fc.constantFrom('', 'sleep', 'a\nb', '\u001b[2J', '{red-fg}x', '"\\', '\u00ff\u00fe', '\u0000', '\u007f'),
  fc.uint8Array({ maxLength: 15 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const text = fc.oneof(latin1, fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('\ud800', '\u2028', '😀'));
/** What the program says of itself is harmless. */
const own = fc.constantFrom('', 'bpftrace 0.17.0, 34 probes', 'polling: "é"; a\\nb');
const orUndefined = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 3 });

/** A record with the usual prototype: deepEqual tells them apart. */
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

const seen = {
  at: time,
  tgid: pid,
  tid: pid,
  comm: latin1,
  space: plain({ id: word, mm: word }),
};

export const event: fc.Arbitrary<Event> = fc.oneof(
  plain({
    kind: fc.constant('call' as const),
    ...seen,
    call: fc.constantFrom(...CALLS),
    args: fc.array(word, { maxLength: 6 }),
    result,
    compat: fc.boolean(),
    vdsoBefore: orUndefined(word),
    vdsoAfter: orUndefined(word),
  }),
  plain({
    kind: fc.constant('poke' as const),
    ...seen,
    how: fc.constantFrom('ptrace' as const, 'process_vm_writev' as const),
    targetPid: pid,
    address: orUndefined(word),
    result,
  }),
  plain({ kind: fc.constant('fork' as const), ...seen, childPid: pid, cloneFlags: word }),
  plain({ kind: fc.constant('exec' as const), ...seen, vdso: orUndefined(word) }),
  plain({
    kind: fc.constant('exit' as const),
    ...seen,
    wholeProcess: fc.boolean(),
    status: orUndefined(fc.nat(0xffff)),
  }),
  plain({
    kind: fc.constant('namespace' as const),
    ...seen,
    call: fc.constantFrom('setns' as const, 'unshare' as const),
    flags: word,
    result,
  }),
  plain({ kind: fc.constant('prctl' as const), ...seen, option: word, result }),
  plain({
    kind: fc.constant('gap' as const),
    at: time,
    from: time,
    cause: fc.constantFrom('lost' as const, 'restarted' as const, 'stuck' as const, 'late' as const),
    lost: orUndefined(word),
  }),
  plain({ kind: fc.constant('heartbeat' as const), at: time, emitted: word, received: word }),
  plain({
    kind: fc.constant('status' as const),
    at: time,
    status: plain({
      mode: fc.constantFrom('starting' as const, 'ebpf' as const, 'polling' as const, 'replay' as const),
      text: own,
      notes: fc.array(own, { maxLength: 3 }),
    }),
  }),
);

export const vma: fc.Arbitrary<Vma> = plain({
  start: word,
  end: word,
  read: fc.boolean(),
  write: fc.boolean(),
  execute: fc.boolean(),
  shared: fc.boolean(),
  offset: word,
  device: fc.constantFrom('00:00', '08:01', '103:0a', 'fe:1abcde'),
  inode: word,
  // The kernel pads the name column with blanks, so a name cannot begin with one; it escapes newlines.
  name: fc
    .oneof(latin1, fc.constantFrom('[vdso]', '[vvar]', '/x [vdso]', '/a (deleted)', '/tab\there'))
    .map((name) => name.replaceAll('\n', '\\012').replace(/^ +/, '')),
}).filter(({ start, end }) => start < end);

const host: fc.Arbitrary<Host> = plain({
  release: orUndefined(text),
  machine: orUndefined(text),
  pageSize: fc.constantFrom(4096, 16384, 65536),
  hintTest: fc.constantFrom('kept' as const, 'lost' as const, 'unknown' as const),
  reference: fc
    .uniqueArray(fc.tuple(fc.constantFrom('x86_64', 'i386', 'x32'), fc.array(word, { maxLength: 3 })), {
      selector: ([image]) => image,
    })
    .map((entries) => new Map(entries)),
  bootId: orUndefined(text),
}).map(({ bootId, ...rest }) => (bootId === undefined ? rest : { ...rest, bootId }));

/** A few hosts and byte strings that come again, as they do in a recording. */
const hosts = fc.array(host, { minLength: 1, maxLength: 3 });

const byStart = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<bigint, T>> =>
  fc
    .uniqueArray(fc.tuple(word, value), { selector: ([start]) => start, maxLength: 3 })
    .map((entries) => new Map(entries));

const words = fc.bigUint64Array({ maxLength: 4 });
const kilobytes = orUndefined(fc.nat(10_000));

const evidence = (host: fc.Arbitrary<Host>): fc.Arbitrary<Evidence> =>
  plain({
    source: fc.constantFrom('proc' as const, 'bundle' as const),
    takenAt: orUndefined(time),
    host,
    facts: plain({
      pid,
      comm: orUndefined(latin1),
      cmdline: orUndefined(fc.array(latin1, { maxLength: 3 })),
      startTicks: orUndefined(time),
      state: orUndefined(fc.constantFrom('S', 't', 'Z')),
      parent: orUndefined(pid),
      tracer: orUndefined(pid),
      uid: orUndefined(pid),
      kernelThread: orUndefined(fc.boolean()),
    }),
    inside: orUndefined(fc.nat()),
    ended: fc.boolean(),
    pointers: orUndefined(fc.array(word, { maxLength: 2 })),
    vmas: orUndefined(fc.array(vma, { maxLength: 5 })),
    onlyBlock: fc.boolean(),
    namesBy: orUndefined(fc.constantFrom('kernel' as const, 'criu' as const)),
    smaps: orUndefined(
      byStart(
        plain({
          rss: kilobytes,
          anonymous: kilobytes,
          swap: kilobytes,
          sharedClean: kilobytes,
          privateClean: kilobytes,
          privateDirty: kilobytes,
          flags: orUndefined(fc.subarray(['rd', 'ex', 'mr', 'mw', 'de', 'sd']).map((flags) => new Set(flags))),
        }),
      ),
    ),
    pagemap: byStart(words),
    kpageflags: byStart(words),
    bytes: byStart(fc.constantFrom(new Uint8Array(0), new Uint8Array([1, 2, 255]), new Uint8Array(64).fill(0x90))),
    auxv: orUndefined(
      plain({
        wordSize: fc.constantFrom(4 as const, 8 as const),
        littleEndian: fc.boolean(),
        entries: fc
          .uniqueArray(fc.tuple(fc.nat(60), word), { selector: ([type]) => type, maxLength: 5 })
          .map((entries) => new Map(entries)),
      }),
    ),
    namespaces: fc
      .uniqueArray(fc.tuple(fc.constantFrom('uts', 'time', 'pid', '__proto__'), word), {
        selector: ([name]) => name,
      })
      .map((entries) => new Map(entries)),
    contextVdso: orUndefined(word),
    faultedPages: fc.boolean(),
    unread: fc.array(
      plain({
        what: text,
        why: fc.constantFrom('gone' as const, 'denied' as const, 'torn' as const, 'bad' as const),
        detail: text,
      }),
      { maxLength: 2 },
    ),
  }).map(({ facts, inside, ended, pointers, onlyBlock, namesBy, ...rest }) => ({
    ...rest,
    process: {
      ...facts,
      ...(inside === undefined ? {} : { insidePid: inside }),
      ...(ended ? { mainThreadEnded: true as const } : {}),
      ...(pointers === undefined ? {} : { instructionPointers: pointers }),
    },
    ...(onlyBlock ? { onlyBlock: true as const } : {}),
  }));

/** Frames of observations; the same process is read again and again, often unchanged. */
export const frames: fc.Arbitrary<Observation[][]> = hosts.chain((known) => {
  const one = fc.array(evidence(fc.constantFrom(...known)), { minLength: 1, maxLength: 4 });
  return one.chain((readings) => {
    const observation: fc.Arbitrary<Observation> = fc.oneof(
      plain({
        kind: fc.constant('event' as const),
        event,
        target: orUndefined(pid),
        snapshot: fc.constantFrom('asked' as const, 'none' as const, 'refused' as const),
      }),
      plain({ pid: fc.constantFrom(1, 2, 3), startedAt: time, takenAt: orUndefined(time), which: fc.nat() }).map(
        ({ pid, startedAt, takenAt, which }) => {
          const [first] = readings;
          const chosen = readings[which % readings.length] ?? first;
          if (chosen === undefined) throw new Error('no reading');
          return { kind: 'snapshot' as const, pid, startedAt, evidence: { ...chosen, takenAt } };
        },
      ),
      plain({ at: time, pids: fc.uniqueArray(fc.constantFrom(1, 2, 3, 4, 400_000)) }).map(({ at, pids }) => ({
        kind: 'census' as const,
        at,
        pids: new Set(pids),
      })),
      time.chain((at) => fc.constantFrom({ kind: 'tick' as const, at }, { kind: 'swept' as const, at })),
    );
    return fc.array(fc.array(observation, { maxLength: 8 }), { maxLength: 6 });
  });
});

type Known<T> = Readonly<Record<keyof Required<T>, true>>;

/**
 * Every field of what is recorded. When this does not compile, the model has learnt something: let the trace learn it
 * too (format.ts, encode-evidence.ts, decode-evidence.ts), and the arbitraries above.
 */
export const recordedFields: Known<Evidence> & Known<Host> & Known<ProcessFacts> & Known<SmapsEntry> & Known<Auxv> = {
  source: true,
  takenAt: true,
  host: true,
  process: true,
  vmas: true,
  onlyBlock: true,
  smaps: true,
  pagemap: true,
  kpageflags: true,
  bytes: true,
  auxv: true,
  namespaces: true,
  namesBy: true,
  contextVdso: true,
  faultedPages: true,
  unread: true,
  release: true,
  machine: true,
  pageSize: true,
  hintTest: true,
  reference: true,
  bootId: true,
  pid: true,
  comm: true,
  cmdline: true,
  startTicks: true,
  state: true,
  parent: true,
  tracer: true,
  uid: true,
  kernelThread: true,
  insidePid: true,
  mainThreadEnded: true,
  instructionPointers: true,
  rss: true,
  anonymous: true,
  swap: true,
  sharedClean: true,
  privateClean: true,
  privateDirty: true,
  flags: true,
  wordSize: true,
  littleEndian: true,
  entries: true,
};
