import { LARGEST_VDSO } from '../elf/image.js';
import { AT_SYSINFO_EHDR } from '../model/evidence.js';
import type { Finding, Verdict } from '../model/verdict.js';
import { contains } from '../model/vma.js';
import { hex } from '../text/hex.js';
import type { CoreFile } from './read.js';

/** How far below its code a vDSO reaches for its data, at most: vvar and vvar_vclock, 6 pages on x86 6.15 and later. */
const VVAR_REACH = 16n * 4096n;

/**
 * Says whether a crash has to do with the vDSO: the program ran where the vDSO once was, or the vDSO's own code read
 * its data where vvar no longer is. Pure. Undefined when it has not, or the core does not tell.
 */
export const crashFinding = (core: CoreFile, verdict: Verdict): Finding | undefined => {
  const { evidence, signal } = core;
  const ip = evidence.process.instructionPointers?.[0];
  if (ip === undefined || evidence.vmas === undefined) return undefined;
  const given = evidence.auxv?.entries.get(AT_SYSINFO_EHDR);
  const where = evidence.vmas.find((vma) => contains(vma, ip));
  const genuine = verdict.vdso ?? undefined;
  const address = signal?.address;
  const facts = [
    `registers: instruction pointer ${hex(ip)}`,
    ...(address === undefined ? [] : [`siginfo: signal ${signal?.number}, address ${hex(address)}`]),
    ...(given === undefined ? [] : [`auxv: AT_SYSINFO_EHDR ${hex(given)}`]),
  ];
  if (where === undefined && given !== undefined && ip >= given && ip < given + LARGEST_VDSO) {
    return found(
      'crash-in-vanished-vdso',
      given,
      `The program jumped to ${hex(ip)}, inside the vDSO that auxv names, and nothing is mapped there: ${
        genuine === undefined ? 'the vDSO was unmapped' : `the vDSO is now at ${hex(genuine.start)}`
      }.`,
      facts,
    );
  }
  if (genuine === undefined || !contains(genuine, ip)) return undefined;
  const missesData =
    address !== undefined &&
    address < genuine.start &&
    address >= genuine.start - VVAR_REACH &&
    !evidence.vmas.some((vma) => contains(vma, address) && vma.read);
  return missesData
    ? found(
        'crash-in-detached-vvar',
        genuine.start,
        `vDSO code at ${hex(ip)} read its data at ${hex(address)}, where vvar is not: the vDSO was moved without its vvar, or vvar was moved or unmapped.`,
        facts,
      )
    : found('crash-in-vdso', genuine.start, `The program crashed inside the vDSO, at ${hex(ip)}.`, facts);
};

const found = (code: string, mapping: bigint, text: string, evidence: readonly string[]): Finding => ({
  code,
  severity: 'error',
  mapping,
  text,
  evidence,
  criuMessage: undefined,
});
