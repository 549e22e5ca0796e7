import { hasKernelName } from '../../model/vma.js';
import { type CriuVersion, criuAtLeast } from '../criu/version.js';
import { isUserMode } from '../naming.js';
import { atLeast, isX86 } from '../release.js';
import type { Space } from '../space.js';

/** Why this CRIU cannot work on this kernel at all, whatever the process; the line it prints at start. */
export const cannotRun = (
  space: Space,
  version: CriuVersion,
): { readonly text: string; readonly line: string } | undefined => {
  if (criuAtLeast(version, 4, 1)) return undefined;
  const { machine } = space.evidence.host;
  const parsed = space.release;
  const split = space.vmas.some((vma) => hasKernelName(vma, '[vvar_vclock]'));
  if (split || (isX86(machine) === true && atLeast(parsed, 6, 13) === true)) {
    // e93d2521b27f puts [vvar_vclock] between [vvar] and [vdso]; CRIU learned it with 8ee2eba47 (issue 2532).
    return {
      text: 'This kernel has [vvar_vclock] between [vvar] and [vdso] (6.13 and later), and CRIU before 4.1 gives up there',
      line: 'Unexpected rt vDSO area bounds',
    };
  }
  if (machine === 'aarch64' && atLeast(parsed, 6, 11) === true) {
    // DT_GNU_HASH alone, known since 4.1 (d85550157, issue 2570).
    return {
      text: 'The arm64 vDSO of 6.11 and later has a GNU hash table only, which CRIU before 4.1 cannot read',
      line: 'Not all dynamic entries are present',
    };
  }
  return undefined;
};

/** Why there are no facts to forecast from; undefined when there are. */
export const notKnown = (space: Space, version: CriuVersion): string | undefined => {
  const { machine } = space.evidence.host;
  const parsed = space.release;
  if (machine === undefined) return 'the machine is not known';
  if (parsed === undefined && space.evidence.source !== 'criu-image') return 'the kernel release is not known';
  if (atLeast(parsed, 3, 10) === false) return 'no CRIU is known to run on kernels before 3.10';
  if (isUserMode(space.evidence, space.vmas)) return 'User-Mode Linux has no checkpoint support';
  if (!SUPPORTED.has(machine)) return `no facts about CRIU on ${machine}`;
  if (!criuAtLeast(version, 2, 0)) return 'no facts about CRIU before 2.0';
  if (space.abi === undefined) return 'the ABI of the process is not known';
  if (space.abi === machine) return undefined;
  if (space.abi !== 'i386' || machine !== 'x86_64') return `no facts about ${space.abi} processes on ${machine}`;
  // ia32 came with 3.0, and is never checked since 3.5; it needs ARCH_MAP_VDSO_32 (kernel 4.9).
  if (!criuAtLeast(version, 3, 5)) return 'no facts about 32-bit processes and CRIU before 3.5';
  return atLeast(parsed, 4, 9) === false ? 'CRIU needs Linux 4.9 for 32-bit processes' : undefined;
};

const SUPPORTED = new Set(['x86_64', 'aarch64', 'armv7l', 'ppc64le', 's390x', 'mips64', 'loongarch64', 'riscv64']);
