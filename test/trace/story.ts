import { judge } from '../../src/judge/judge.js';
import { judged } from '../../src/pipeline/judged.js';
import { closeFrame, type Frame, openLedger } from '../../src/pipeline/ledger.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { step } from '../../src/pipeline/step.js';
import { openEncoder } from '../../src/trace/encoder.js';
import { exited, forked, happened, MS, moved, read, SECOND, T0 } from '../pipeline/build.js';
import { header } from './recording.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const TICKS = T0 / (10n * MS);

/** A small run: two processes, one moves its vDSO, forks, and the other ends. One frame a second. */
export const story: readonly (readonly Observation[])[] = [
  [happened({ kind: 'status', at: T0, status: { mode: 'ebpf', text: 'bpftrace 0.17.0, 34 probes', notes: [] } })],
  [
    { kind: 'census', at: T0 + SECOND, pids: new Set([7, 8]) },
    read({ at: T0 + SECOND, pid: 7, ticks: TICKS - 100n, vdso: A }),
    read({ at: T0 + SECOND, pid: 8, ticks: TICKS - 90n, vdso: A }),
    { kind: 'swept', at: T0 + SECOND },
  ],
  [happened(moved({ at: T0 + 2n * SECOND, pid: 7, in: 1, from: A, to: B }), 7)],
  [read({ at: T0 + 2n * SECOND + MS, pid: 7, ticks: TICKS - 100n, vdso: B, auxv: A })],
  [happened(forked({ at: T0 + 4n * SECOND, pid: 7, in: 1, child: 9, comm: 'a\nb' }), 9)],
  [happened(exited({ at: T0 + 5n * SECOND, pid: 8, in: 2 }))],
  [
    { kind: 'census', at: T0 + 6n * SECOND, pids: new Set([7, 9]) },
    read({ at: T0 + 6n * SECOND, pid: 7, ticks: TICKS - 100n, vdso: B, auxv: A }),
    { kind: 'swept', at: T0 + 6n * SECOND },
  ],
];

/** Runs it; the frame at its end. */
export const storyEnd = (): Frame => {
  const all = runStory();
  const last = all.at(-1);
  if (last === undefined) throw new Error('a story has frames');
  return last;
};

/** As it is recorded, with what is said of it. */
export const recordedStory = (): string => {
  const encoder = openEncoder();
  const frames = runStory().map(({ lines }, index) =>
    encoder.frame({ observations: story[index] ?? [], at: times[index] ?? 0n, offset: 0n, lines }),
  );
  return [encoder.header(header), ...frames].join('');
};

const runStory = (): readonly Frame[] => {
  const ledger = openLedger(header.host);
  const judgeNew = judged(judge);
  return story.map((observations) => closeFrame(judgeNew(step(ledger, observations))));
};

/** When its frames end. */
export const times: readonly bigint[] = story.map((_, index) => T0 + BigInt(index) * SECOND);
