import fc from 'fast-check';
import { AT_SYSINFO_EHDR, type Evidence } from '../../src/model/evidence.js';
import { readProcess } from '../../src/proc/process.js';
import { auxvOf, block, madeUpProc, mapsLine, pagemapOf, statLine } from '../proc/made-up-proc.js';

/** A word of pagemap: present, the kernel's, of the host's first vDSO frame. */
export const CLEAN = 0xa000000000002861n;
/** The same of a frame that is in no page set of the host. */
const CONTAINERS = 0xa000000000007001n;
const { proc } = madeUpProc({});

/** What ordinary processes differ in, and what kinds of them do. */
export interface Made {
  readonly place: number;
  readonly words: readonly bigint[];
  readonly state: string;
  readonly uts: number;
  readonly era: 'one vvar' | 'two' | 'no vdso' | 'kernel thread';
}

export const evidenceOf = ({ place, words, state, uts, era }: Made, pid = 7): Evidence => {
  const start = place * 4096;
  const { files } = madeUpProc(
    {
      [`/proc/${pid}/stat`]: statLine(pid, `p${place}`, state, era === 'kernel thread' ? 0x200000 : undefined),
      [`/proc/${pid}/maps`]: MAPS[era](start),
      [`/proc/${pid}/auxv`]: auxvOf([AT_SYSINFO_EHDR, start], [6, 4096], [9, place], [25, place * 3]),
      [`/proc/${pid}/ns/uts`]: `uts:[${uts}]`,
      [`/proc/${pid}/ns/time`]: 'time:[4026531834]',
    },
    {
      [`/proc/${pid}/pagemap`]: pagemapOf(new Map(words.map((word, index) => [place + index, word]))),
      [`/proc/${pid}/mem`]: () => 0,
    },
  );
  return readProcess(pid, 'census', { proc: { ...proc, files } });
};

const MAPS: Readonly<Record<Made['era'], (start: number) => string>> = {
  'one vvar': (start) => mapsLine(start - 16384, 4, 'r--p', '[vvar]') + mapsLine(start, 2, 'r-xp', '[vdso]'),
  two: block,
  'no vdso': (start) => mapsLine(start, 2, 'rw-p', '[heap]'),
  'kernel thread': () => '',
};

export const made: fc.Arbitrary<Made> = fc.record({
  // From where CRIU parks a vDSO to the top of user memory.
  place: fc.oneof(fc.integer({ min: 0x36, max: 0xffff }), fc.integer({ min: 0x7f0000000, max: 0x7fffffff0 })),
  words: fc.array(
    fc.constantFrom(CLEAN, CLEAN + 1n, CONTAINERS, 0n, 0x0080000000000000n, 0xa100000000002861n, 0x8100000000000099n),
    { maxLength: 2 },
  ),
  state: fc.constantFrom('S', 'R', 't', 'D'),
  uts: fc.constantFrom(4026531838, 4026532001),
  era: fc.constantFrom('one vvar' as const, 'two' as const, 'no vdso' as const, 'kernel thread' as const),
});
