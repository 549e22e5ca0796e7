import { hasKernelName } from '../../model/vma.js';
import { type NoStart, noStart, vdsoFormat } from '../criu/start.js';
import { type CriuVersion, criuAtLeast } from '../criu/version.js';
import { isUserMode } from '../naming.js';
import { atLeast, isX86 } from '../release.js';
import type { Space } from '../space.js';

/** Why this CRIU cannot work on the kernel of a process at all. */
export const cannotRun = (space: Space, version: CriuVersion): NoStart | undefined => {
  const { machine } = space.evidence.host;
  const release = space.release;
  const split = space.vmas.some((vma) => hasKernelName(vma, '[vvar_vclock]'));
  return noStart(version, {
    // The process may have unmapped its own.
    hasVclock: split || (isX86(machine) === true && atLeast(release, 6, 13) === true),
    ...vdsoFormat(machine, release),
  });
};

/** Why there are no facts to forecast from; undefined when there are. */
export const notKnown = (space: Space, version: CriuVersion): string | undefined => {
  const { machine } = space.evidence.host;
  const parsed = space.release;
  if (machine === undefined) return 'the machine is not known';
  if (parsed === undefined && space.evidence.source !== 'criu-image') return 'the kernel release is not known';
  if (atLeast(parsed, 3, 10) === false) return 'no CRIU is known to run on kernels before 3.10';
  if (isUserMode(space.evidence, space.vmas)) return 'User-Mode Linux has no checkpoint support';
  const since = SUPPORTED.get(machine);
  if (since === undefined) return `no facts about CRIU on ${machine}`;
  if (!criuAtLeast(version, 2, 0)) return 'no facts about CRIU before 2.0';
  if (!criuAtLeast(version, ...since)) return `CRIU before ${since.join('.')} is not made for ${machine}`;
  if (space.abi === undefined) return 'the ABI of the process is not known';
  if (space.abi === machine) return undefined;
  if (space.abi !== 'i386' || machine !== 'x86_64') return `no facts about ${space.abi} processes on ${machine}`;
  // ia32 came with 3.0, and is never checked since 3.5; it needs ARCH_MAP_VDSO_32 (kernel 4.9).
  if (!criuAtLeast(version, 3, 5)) return 'no facts about 32-bit processes and CRIU before 3.5';
  return atLeast(parsed, 4, 9) === false ? 'CRIU needs Linux 4.9 for 32-bit processes' : undefined;
};

/** First release with criu/arch/ARCH. */
const SUPPORTED = new Map<string, readonly [number, number]>([
  ['x86_64', [2, 0]],
  ['aarch64', [2, 0]],
  ['ppc64le', [2, 0]],
  ['s390x', [3, 4]],
  ['mips64', [3, 15]],
  ['loongarch64', [3, 19]],
  ['riscv64', [4, 1]],
]);
