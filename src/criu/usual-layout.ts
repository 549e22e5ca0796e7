import type { TargetLayout } from './restore-rule.js';

/**
 * What is known of the vDSO of a kernel by its release alone, for the case that an image is restored where it was
 * dumped: vvar lies below the vDSO. x86 (64-bit and i386): 4 pages since 5.6 (time namespaces), two more of
 * [vvar_vclock] since 6.13 (e93d2521b27f). Other machines and releases: its size is not known.
 */
export const usualLayout = (machine: string | undefined, release: string | undefined): TargetLayout => {
  const numbers = /^(\d{1,3})\.(\d{1,3})\b/.exec(release ?? '');
  const version = numbers === null ? 0 : Number(numbers[1]) * 1000 + Number(numbers[2]);
  const pages = machine !== 'x86_64' || version < 5006 ? undefined : version < 6013 ? 4n : 6n;
  return {
    vdsoSize: undefined,
    vvarSize: pages === undefined ? undefined : pages * 4096n,
    vdsoBelowVvar: false,
    symbols: undefined,
  };
};
