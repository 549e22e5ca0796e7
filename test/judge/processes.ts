import { copiedPage, kernelPage, type Made, MODERN } from './build.js';
import { markBytes, proxyImage } from './images.js';

/** Processes that many tests start from. */

export const STACK = '7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0 [stack]';

/** As exec maps it on Linux 6.18; it may stand anywhere. */
export const NATIVE = `7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
                       7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
                       7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`;
/** Where NATIVE has the vDSO. */
export const AT = '0x7f1000006000';
export const native = (more: Partial<Made> = {}): Made => ({ ...MODERN, maps: NATIVE, auxv: BigInt(AT), ...more });

/** What a restore by proxy leaves: the vDSO of the kernel below, marked, and the old one at its place with jumps. */
export const PROXIED = `00030000-00034000 r--p 00000000 00:00 0 [vvar]
                        00034000-00036000 r--p 00000000 00:00 0 [vvar_vclock]
                        00036000-00038000 r-xp 00000000 00:00 0 [vdso]
                        7efdb0a35000-7efdb0a3b000 r--p 00000000 00:00 0
                        7efdb0a3b000-7efdb0a3d000 r-xp 00000000 00:00 0
                        ${STACK}`;
export const proxied = (more: Partial<Made> = {}): Made => ({
  ...MODERN,
  release: '6.18.44-fc',
  maps: PROXIED,
  auxv: 0x7efdb0a3b000n,
  pagemap: {
    '0x36000': [copiedPage(0x999), kernelPage(0x2862)],
    '0x7efdb0a3b000': [copiedPage(0x9a0), copiedPage(0x9a1)],
  },
  bytes: {
    '0x36000': markBytes(3, { proxy: 0x7efdb0a3b000n, vvar: 0x7efdb0a35000n, runtimeVvar: 0x30000n }),
    '0x7efdb0a3b000': proxyImage(0x36000n),
  },
  ...more,
});
