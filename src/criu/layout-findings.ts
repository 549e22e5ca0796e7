import { finding } from '../judge/finding-codes.js';
import { mapsVvar, usualVvarPages } from '../judge/layout.js';
import { parseRelease } from '../judge/release.js';
import { AT_SYSINFO_EHDR } from '../model/evidence.js';
import type { Finding } from '../model/verdict.js';
import { contains, sizeOf } from '../model/vma.js';
import { hex } from '../text/hex.js';
import type { ImageLook } from './image-look.js';
import type { ImageArea } from './image-set.js';

/** What the list of mappings of an image says against itself, against the registers and against auxv. */
export const layoutFindings = (look: ImageLook): readonly Finding[] => [
  ...pairFindings(look),
  ...tookFindings(look),
  ...auxvFindings(look),
  ...registerFindings(look),
];

const places = (areas: readonly ImageArea[]): string => areas.map(({ start }) => hex(start)).join(', ');

/** vdso_proxify (criu/pie/parasite-vdso.c) wants both or none, and takes the last of several. */
const pairFindings = ({ took: { vdso, vvar }, process, evidence: { host } }: ImageLook): readonly Finding[] => {
  const findings: Finding[] = [];
  if (vdso.length === 0 && vvar.length > 0)
    findings.push(
      finding('image-without-vdso', {
        mapping: vvar[0]?.start,
        text: 'The image holds vvar but no vDSO: no CRIU can restore it, on any kernel.',
        evidence: [`mm: vvar at ${places(vvar)}, and no mapping with the status of the vDSO`],
        criuMessage: "Can't find vDSO area in image",
      }),
    );
  const mapped = mapsVvar(host.machine, parseRelease(host.release));
  if (vdso.length > 0 && vvar.length === 0 && mapped !== false) {
    const faults = process.compat === true ? 'a call of it faults' : 'a call of it faults, that of the restorer too';
    findings.push(
      finding('image-without-vvar', {
        mapping: vdso[0]?.start,
        text: `The image holds a vDSO but no vvar${mapped === true ? `, which its code reads: ${faults}` : `; where its kernel maps one, ${faults}`}.`,
        evidence: [`mm: vDSO at ${places(vdso)}, and no mapping with the status of vvar`],
        severity: mapped === true ? 'error' : 'warning',
        ...(process.compat === true ? {} : { criuMessage: 'Using gettimeofday() on vdso at' }),
      }),
    );
  }
  if (vdso.length > 1)
    findings.push(
      finding('image-with-several-vdsos', {
        mapping: vdso.at(-1)?.start,
        text: `CRIU took ${vdso.length} mappings for the vDSO; a restore replaces the last one, the others become plain memory.`,
        evidence: [`mm: status of the vDSO at ${places(vdso)}`],
      }),
    );
  const last = vvar.at(-1);
  if (vvar.length > 1 && last !== undefined) {
    const pages = usualVvarPages(host.machine, parseRelease(host.release));
    // An old CRIU left the vvar of a runtime vDSO in: each of them is whole.
    const whole = pages !== undefined && sizeOf(last) === BigInt(pages * process.pageSize);
    const compared = vdso.length > 0 && !whole;
    findings.push(
      finding('image-with-several-vvars', {
        mapping: last.start,
        text: `vvar is in ${vvar.length} pieces; a restore looks at the last one alone${compared ? ', and makes a proxy as its size differs' : ''}.`,
        evidence: [`mm: status of vvar at ${places(vvar)}`],
        ...(compared ? { criuMessage: 'vvar size differs:' } : {}),
      }),
    );
  }
  return findings;
};

/** What CRIU took against what the mappings are. */
const tookFindings = (look: ImageLook): readonly Finding[] => {
  const { took, verdict, process } = look;
  const taken = new Set(took.vdso.map(({ start }) => start));
  return verdict.mappings.flatMap(({ start, class: mappingClass, evidence }) => {
    const area = process.areas?.find((one) => one.start === start);
    if (area === undefined) return [];
    if (mappingClass === 'genuine' && !taken.has(start))
      return [
        finding('image-mishinted', {
          mapping: start,
          text: `CRIU did not take the vDSO at ${hex(start)} for one${isCode(area) ? '' : ', as it cannot be read and executed'}: it is in the image as plain memory, and is restored so.`,
          evidence: [`mm: status 0x${area.status.toString(16)}, without the bit of the vDSO`, ...evidence],
          criuMessage: printed(look, 'status-dropped', start, 'Drop mishinted vDSO status at'),
        }),
      ];
    if (mappingClass !== 'decoy' || !taken.has(start)) return [];
    return [
      finding('image-took-decoy', {
        mapping: start,
        text: `CRIU took the mapping at ${hex(start)} for the vDSO, and it is not: a restore puts a vDSO in its place.`,
        evidence: [`mm: status 0x${area.status.toString(16)}, with the bit of the vDSO`, ...evidence],
        criuMessage: printed(look, 'status-restored', start, 'Restore vDSO status by pfn/symtable at'),
      }),
    ];
  });
};

const PROT_READ_EXEC = 5;
const isCode = ({ protection }: ImageArea): boolean => (protection & PROT_READ_EXEC) === PROT_READ_EXEC;

/** The line that says so, if dump.log has it: by its name a mapping is taken, or passed over, without a word. */
const printed = ({ dumpLines }: ImageLook, wanted: string, start: bigint, line: string): string | undefined =>
  dumpLines.some(({ code, address }) => code === wanted && address === start)
    ? `${line} ${start.toString(16)}`
    : undefined;

/** Said by the verdict already where it knows whether the vDSO moved. */
const auxvFindings = ({ process, took, verdict }: ImageLook): readonly Finding[] => {
  const told = process.auxv?.entries.get(AT_SYSINFO_EHDR);
  if (told === undefined || took.vdso.length === 0 || took.vdso.some(({ start }) => start === told)) return [];
  if (verdict.findings.some(({ code }) => SAID_OF_AUXV.has(code))) return [];
  const lies = process.areas?.some((area) => contains(area, told)) === true;
  return [
    finding('image-auxv-elsewhere', {
      mapping: told,
      text: `The saved AT_SYSINFO_EHDR names ${hex(told)}, where ${lies ? 'other memory lies' : 'nothing is mapped'}; it is restored as it is.`,
      evidence: [`mm: saved auxv ${hex(told)}, vDSO at ${places(took.vdso)}`],
    }),
  ];
};

const SAID_OF_AUXV = new Set(['vdso-moved', 'auxv-mismatch', 'decoy-at-auxv']);

/** A thread that stopped in memory the image does not hold faults as soon as it runs. */
const registerFindings = ({ process, took }: ImageLook): readonly Finding[] =>
  process.threads.flatMap(({ tid, ip }) => {
    if (ip === undefined || process.areas === undefined) return [];
    const within = (area: ImageArea): boolean => contains(area, ip);
    const [vdso] = took.vdso.filter(within);
    if (vdso !== undefined)
      return [
        finding('image-stopped-in-vdso', {
          mapping: vdso.start,
          text: `Thread ${tid} stopped inside the vDSO, at offset ${hex(ip - vdso.start)}: a restore in place on a kernel with another vDSO puts other code under it.`,
          evidence: [`core: ip ${hex(ip)}`],
        }),
      ];
    if (process.areas.some(within)) return [];
    return [
      finding('image-stopped-outside', {
        mapping: ip,
        text: `Thread ${tid} stopped at ${hex(ip)}, where the image has no mapping: it dies of SIGSEGV once restored.`,
        evidence: [`core: ip ${hex(ip)} is in none of ${process.areas.length} mappings (a runtime vDSO left out?)`],
      }),
    ];
  });
