/**
 * Loss, to the record: the kernel counts what it makes, we count what arrives. bpftrace's own count is wrong on three
 * of four versions (measured).
 *
 * A count E that came in at time N says that E records had been made by then. When two heartbeats made after N are
 * here, so is every record made up to N that will ever be; those not here are lost. A record made between the count
 * and N counts as here, so under load the first answer may be low, never high; the rest is found when it gets quiet.
 *
 * That holds for one ring for all CPUs. With one per CPU (bpftrace up to 0.18) each CPU makes marks (probes/rings.bt),
 * and only marks of all CPUs count. Heartbeats come from one CPU's ring, and bpftrace empties one ring before it looks at
 * the next: in a storm on two CPUs they overtook 27,000 records, and at 19,000 records a second two prompt ones in a row
 * overtook 3,000.
 */
export interface Account {
  /** Records that arrived. */
  readonly received: bigint;
  readonly lost: bigint;
  /** Up to here nothing is open. ns on the boot clock. */
  readonly settledAt: bigint;
  readonly open: OpenCount | undefined;
  /** Newest mark of each CPU. */
  readonly marks: ReadonlyMap<number, bigint>;
  /** When a mark last came late: the reader is behind, and may be so with any ring. */
  readonly lateAt: bigint;
}

interface OpenCount {
  readonly emitted: bigint;
  /** N. */
  readonly until: bigint;
  /** Records made after N that arrived since. */
  readonly later: bigint;
  readonly beats: number;
}

/** Records between `from` and `at` were lost. */
export interface Loss {
  readonly from: bigint;
  readonly at: bigint;
  readonly lost: bigint;
}

/** `now`: boot clock, ns; nothing was made before it. */
export const openAccount = (now: bigint): Account => ({
  received: 0n,
  lost: 0n,
  settledAt: now,
  open: undefined,
  marks: new Map(),
  lateAt: now,
});

/** A record arrived; `at` is its own time stamp, undefined when it could not be read. */
export const onRecord = (account: Account, at: bigint | undefined): Account => {
  const { open } = account;
  const later = open !== undefined && at !== undefined && at > open.until;
  return {
    ...account,
    received: account.received + 1n,
    open: later ? { ...open, later: open.later + 1n } : open,
  };
};

/** A count arrived at `now`. One is followed up at a time. */
export const onTotal = (account: Account, emitted: bigint, now: bigint): Account =>
  account.open === undefined ? { ...account, open: { emitted, until: now, later: 0n, beats: 0 } } : account;

/** What a record told: the account after it, and a loss that it proves. */
export interface Settled {
  readonly account: Account;
  readonly loss: Loss | undefined;
}

/** A heartbeat made at `at` arrived (its record is counted already), from the one ring of all CPUs. */
export const onBeat = (account: Account, at: bigint): Settled => {
  const { open } = account;
  if (open === undefined || at <= open.until) return { account, loss: undefined };
  if (open.beats === 0) return { account: { ...account, open: { ...open, beats: 1 } }, loss: undefined };
  return settle(account, open);
};

/**
 * A mark (or heartbeat) that CPU `cpu` made at `at` arrived at `now`, and is counted. `cpus`: how many there are. An
 * idle one makes no marks (seen on 6.18), and has nothing in its ring: one that is busy, and read however late, is heard
 * of in the time that an idle one is waited for, once the reader has caught up. Before that it says nothing: on a slow
 * machine (Linux 6.1 in a guest) one ring took longer to be read than that, and 9,654 records of the other were taken for lost.
 */
export const onMark = (before: Account, cpu: number, at: bigint, cpus: number, now: bigint): Settled => {
  const lateAt = now - at > PROMPT ? now : before.lateAt;
  const account = { ...before, marks: new Map(before.marks).set(cpu, at), lateAt };
  const { open, marks } = account;
  if (open === undefined) return { account, loss: undefined };
  const beyond = [...marks.values()].filter((mark) => mark > open.until + QUEUED).length;
  const waited = at > open.until + IDLE && at > lateAt + IDLE;
  return beyond >= cpus || waited ? settle(account, open) : { account, loss: undefined };
};

/** How long a record may wait in a queue (probes/task-queue.bt) and come behind a newer mark, ns. */
const QUEUED = 200_000_000n;
/** A mark a second; and a full ring of 8 MiB takes two to be read. */
const IDLE = 4_000_000_000n;
/** A mark is on its way as long as bpftrace and we take turns, some 100 ms; ns. */
const PROMPT = 500_000_000n;

const settle = (account: Account, open: OpenCount): Settled => {
  const arrived = account.received - open.later;
  const lost = open.emitted - arrived - account.lost;
  const settled = { ...account, settledAt: open.until, open: undefined };
  if (lost <= 0n) return { account: settled, loss: undefined };
  return {
    account: { ...settled, lost: account.lost + lost },
    loss: { from: account.settledAt, at: open.until, lost },
  };
};
