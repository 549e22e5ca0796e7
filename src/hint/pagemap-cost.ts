import { ascending } from '../model/ascending.js';
import { isFileless, type Vma } from '../model/vma.js';
import type { Abi } from '../puppet/abi.js';
import { SCRATCH } from '../puppet/layout.js';
import { type Puppet, withPuppet } from '../puppet/puppet.js';
import { call, type Step } from '../puppet/step.js';

/** What the PFN check asks of one process: an open and a close of its pagemap, and a read for each candidate. */
export interface PagemapQuestions {
  readonly pid: number;
  /** Start addresses of the candidates. */
  readonly addresses: readonly bigint[];
}

/**
 * The mappings whose pagemap entry CRIU reads under the PFN check: readable and executable memory without a file,
 * below the top of user memory, not growing down (parasite_fixup_vdso and check_if_vma_is_vdso, criu/vdso.c; v2.0 on).
 */
export const criuCandidates = (vmas: readonly Vma[]): readonly Vma[] =>
  vmas.filter(
    (vma) =>
      isFileless(vma) && !vma.shared && vma.read && vma.execute && vma.start < KERNEL_HALF && vma.name !== '[stack]',
  );

/** kdat.task_size lies below it on every 64-bit machine; [vsyscall] above. */
const KERNEL_HALF = 1n << 63n;

export interface PagemapCost {
  /** Processes whose pagemap could be opened, and candidates read in them. */
  readonly processes: number;
  readonly candidates: number;
  /** open + pread per candidate + close, of all of them. */
  readonly systemCalls: number;
  /** Median of the rounds, ns; by CLOCK_MONOTONIC in a process that does nothing else. */
  readonly nanoseconds: bigint;
  readonly rounds: number;
}

const ROUNDS = 3;
const STEPS_PER_FRAME = 60;

/**
 * Does what CRIU would do under the PFN check, with the same system calls at native speed, on the processes running
 * now, and times it. Undefined where no 64-bit test process can be had.
 */
export const measurePagemap = async (
  abi: Abi,
  questions: readonly PagemapQuestions[],
  pageSize: number,
): Promise<PagemapCost | undefined> => {
  if (abi !== 'x86_64' && abi !== 'aarch64') return undefined;
  const measured = await withPuppet({ abi, comm: Buffer.from('vdsowatch-cost') }, (puppet) =>
    medianRound(puppet, questions, pageSize),
  );
  return measured.ok ? measured.value : undefined;
};

const medianRound = async (
  puppet: Puppet,
  questions: readonly PagemapQuestions[],
  pageSize: number,
): Promise<PagemapCost | undefined> => {
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await oneRound(puppet, questions, pageSize));
  const median = rounds.sort((a, b) => ascending(a.nanoseconds, b.nanoseconds))[ROUNDS >> 1];
  return median && { ...median, systemCalls: 2 * median.processes + median.candidates, rounds: ROUNDS };
};

type Round = Pick<PagemapCost, 'processes' | 'candidates' | 'nanoseconds'>;

const oneRound = async (puppet: Puppet, questions: readonly PagemapQuestions[], pageSize: number): Promise<Round> => {
  const fd = await freeDescriptor(puppet);
  const asked = questions.map((one) => stepsFor(one, fd, pageSize));
  const steps = asked.flat();
  const results: bigint[] = [];
  let nanoseconds = 0n;
  for (let from = 0; from < steps.length; from += STEPS_PER_FRAME) {
    const answer = await puppet.run(clock(0), ...steps.slice(from, from + STEPS_PER_FRAME), clock(16));
    nanoseconds += await elapsed(puppet);
    results.push(...answer.results.slice(1, -1));
  }
  let processes = 0;
  let candidates = 0;
  let at = 0;
  for (const { length } of asked) {
    // A process that has ended since gives an errno, and its reads are not counted.
    if (results[at] === BigInt(fd)) {
      processes += 1;
      candidates += results.slice(at + 1, at + length - 1).filter((result) => result === 8n).length;
    }
    at += length;
  }
  return { processes, candidates, nanoseconds };
};

const AT_FDCWD = -100n;

const stepsFor = ({ pid, addresses }: PagemapQuestions, fd: number, pageSize: number): readonly Step[] => [
  call('openat', AT_FDCWD, `/proc/${pid}/pagemap`, 0, 0),
  ...addresses.map((address) => call('pread64', fd, SCRATCH + 64, 8, (address / BigInt(pageSize)) * 8n)),
  call('close', fd),
];

/** The descriptor that every open in the test process gets: the lowest free one. */
const freeDescriptor = async (puppet: Puppet): Promise<number> => {
  const fd = await puppet.call('openat', AT_FDCWD, '/proc/self/pagemap', 0, 0);
  await puppet.call('close', fd);
  return Number(fd);
};

const CLOCK_MONOTONIC = 1n;
const clock = (offset: number): Step => call('clock_gettime', CLOCK_MONOTONIC, SCRATCH + offset);

const elapsed = async (puppet: Puppet): Promise<bigint> => {
  const times = await puppet.peek(BigInt(SCRATCH), 32);
  const at = (offset: number): bigint =>
    times.readBigInt64LE(offset) * 1_000_000_000n + times.readBigInt64LE(offset + 8);
  return at(16) - at(0);
};
