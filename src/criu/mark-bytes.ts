import type { CriuLog } from './log/log.js';

const V3 = 0x4f53447655495243n;
const NOWHERE = 0xffff_ffff_ffff_ffffn;

/**
 * The mark that CRIU found at the start of a runtime vDSO, which it leaves out of the image: its log line gives every
 * field, so the forty bytes (struct vdso_mark of CRIU 3.5 and later) are known without having been dumped. By address.
 */
export const markBytes = (log: CriuLog, pid: number): ReadonlyMap<bigint, Uint8Array> => {
  const marks = new Map<bigint, Uint8Array>();
  const own = log.findings.filter((finding) => finding.pid === pid);
  const vvar = own.find(({ code }) => code === 'runtime-vvar-dropped')?.address;
  for (const { code, values } of own) {
    if (code !== 'mark-found') continue;
    const [runtime, copy, copyVvar] = values.map((value) => BigInt(`0x${value}`));
    if (runtime === undefined || copy === undefined || copyVvar === undefined) continue;
    const bytes = new BigUint64Array([V3, copy, 3n, copyVvar, vvar ?? NOWHERE]);
    marks.set(runtime, new Uint8Array(bytes.buffer));
  }
  return marks;
};
