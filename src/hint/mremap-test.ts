import type { Failure } from '../model/failure.js';
import { contains, isVdsoNamed, permissionsOf, sizeOf, type Vma } from '../model/vma.js';
import type { Abi } from '../puppet/abi.js';
import { moveVdsoAlone, vdsoBlock } from '../puppet/moves.js';
import { type Puppet, withPuppet } from '../puppet/puppet.js';
import { printable } from '../text/escape.js';
import { hexRange } from '../text/hex.js';

/**
 * The mremap test of the 2017 RFD on the running kernel, for one ABI, in a child made for it. CRIU's own version
 * (kerndat_vdso_preserves_hint, criu/vdso.c, v3.5 and later) does the first half only.
 */
export type MremapTest = MeasuredTest | NotMeasured;

export interface MeasuredTest {
  readonly abi: Abi;
  readonly outcome: 'kept' | 'lost';
  readonly from: bigint;
  readonly to: bigint;
  /** First half: the mapping at the new address is still named [vdso]. */
  readonly nameFollowed: boolean;
  /** Second half: what was put at the old address is now named [vdso], which it is not. */
  readonly strangerNamed: boolean;
  /** What CRIU's test would say: is any [vdso] left after the move, at whatever address? */
  readonly criuSaysReliable: boolean;
  /** Lines of /proc/PID/maps, one for each half. */
  readonly evidence: readonly string[];
}

export interface NotMeasured {
  readonly abi: Abi;
  readonly outcome: 'no-abi' | 'no-vdso' | 'sealed' | 'failed';
  readonly why: string;
}

/** Did it run to its end? */
export const isMeasured = (test: MremapTest): test is MeasuredTest =>
  test.outcome === 'kept' || test.outcome === 'lost';

/** Runs the test; what keeps it from running is an outcome too. */
export const testMremap = async (abi: Abi): Promise<MremapTest> => {
  const test = await withPuppet({ abi, comm: Buffer.from('vdsowatch-hint') }, testIn);
  return test.ok ? test.value : notRun(abi, test.failure);
};

/** An ABI that a kernel does not run is no failure, and needs no mend. Pure. */
export const notRun = (abi: Abi, { kind, text, mend }: Failure): NotMeasured =>
  kind === 'no-abi'
    ? { abi, outcome: 'no-abi', why: text }
    : { abi, outcome: 'failed', why: mend === null ? text : `${text}; ${mend}` };

const testIn = async (puppet: Puppet): Promise<MremapTest> => {
  const { abi } = puppet;
  const { vdso } = vdsoBlock(puppet);
  if (vdso === undefined)
    return {
      abi,
      outcome: 'no-vdso',
      why: 'a fresh process has no [vdso] mapping (vdso=0, vsyscall32=0, or none built in)',
    };
  const to = await moveVdsoAlone(puppet);
  if (to === EPERM) return { abi, outcome: 'sealed', why: 'mremap of the vDSO is refused: it is sealed (mseal)' };
  if (to < 0n) return { abi, outcome: 'failed', why: `mremap of the vDSO failed with errno ${-to}` };
  const moved = puppet.maps();
  const stranger = await putStranger(puppet, vdso);
  if (stranger < 0n)
    return { abi, outcome: 'failed', why: `the old address could not be used again: errno ${-stranger}` };
  return judgeMaps(abi, vdso.start, to, moved, puppet.maps());
};

const EPERM = -1n;
const PROT_READ = 1n;
const PROT_EXEC = 4n;
const MAP_PRIVATE = 2n;
const MAP_FIXED = 0x10n;
const MAP_ANONYMOUS = 0x20n;

/** Anonymous memory that starts exactly at the old address: the only thing kernels before 3.16 misname. */
const putStranger = (puppet: Puppet, vdso: Vma): Promise<bigint> =>
  puppet.call(
    'mmap',
    vdso.start,
    sizeOf(vdso),
    PROT_READ | PROT_EXEC,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
    -1n,
    0n,
  );

/** The rule of the test, on the mappings after the move, and after a stranger was put at the old address. Pure. */
export const judgeMaps = (
  abi: Abi,
  from: bigint,
  to: bigint,
  moved: readonly Vma[],
  withStranger: readonly Vma[],
): MeasuredTest => {
  const target = moved.find((vma) => vma.start === to);
  const stranger = withStranger.find((vma) => contains(vma, from));
  const nameFollowed = target !== undefined && isVdsoNamed(target);
  const strangerNamed = stranger !== undefined && isVdsoNamed(stranger);
  return {
    abi,
    outcome: nameFollowed && !strangerNamed ? 'kept' : 'lost',
    from,
    to,
    nameFollowed,
    strangerNamed,
    criuSaysReliable: moved.some(isVdsoNamed),
    evidence: [target, stranger].flatMap((vma) => (vma === undefined ? [] : [mapsLine(vma)])),
  };
};

/** A mapping as one readable line: range, permissions, and the name or "(no name)". Safe to print. */
const mapsLine = (vma: Vma): string =>
  `${hexRange(vma.start, vma.end)} ${permissionsOf(vma)} ${vma.name === '' ? '(no name)' : printable(vma.name)}`;
