import { AT_PAGESZ, AT_SYSINFO_EHDR } from '../model/evidence.js';
import type { Finding, VdsoVerdict } from '../model/verdict.js';
import { sizeOf } from '../model/vma.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { finding } from './finding-codes.js';
import type { Found } from './found.js';
import { imageRange, vvarAttached } from './layout.js';
import { isMoved } from './moved.js';
import { imagePages, type Space } from './space.js';

/** What is unusual about the vDSO itself, or about its absence. */
export const vdsoFindings = (space: Space, found: Found): readonly Finding[] => {
  if (found.vdso === undefined) return [];
  if (found.vdso === null) return absence(space);
  return presence(space, found, found.vdso);
};

const absence = (space: Space): readonly Finding[] => {
  const findings: Finding[] = [];
  const { auxv, host } = space.evidence;
  const given = auxv?.entries.get(AT_SYSINFO_EHDR);
  const gives = space.abi === undefined ? undefined : space.context.hostGivesVdso?.get(space.abi);
  const lacks = gives === false || (given === undefined && auxv?.entries.has(AT_PAGESZ) === true);
  const gave =
    given !== undefined ||
    gives === true ||
    (space.abi !== undefined && (host.reference.get(space.abi)?.length ?? 0) > 0);
  if (gave && gives !== false && !(lacks && given === undefined)) {
    findings.push(
      finding('vdso-unmapped', {
        mapping: given,
        text:
          given === undefined
            ? 'The process has no vDSO, though this host gives one.'
            : `The process has no vDSO any more; auxv still says it is at ${hex(given)}.`,
        evidence: [given === undefined ? 'host: has a vDSO for this ABI' : `auxv: AT_SYSINFO_EHDR ${hex(given)}`],
      }),
    );
  } else {
    findings.push(
      finding('vdso-absent', {
        text: lacks
          ? 'The process was given no vDSO.'
          : 'The process has no vDSO; whether it was given one is not known.',
        evidence: [
          ...(gives === false ? ['host: gives no vDSO to processes of this ABI'] : []),
          ...(given === undefined && auxv !== undefined ? ['auxv: has no AT_SYSINFO_EHDR'] : []),
        ],
      }),
    );
  }
  const vvar = space.vvars[0];
  if (vvar !== undefined) {
    findings.push(
      finding('vvar-orphaned', {
        mapping: vvar.start,
        text: `${vvar.name} is still at ${hex(vvar.start)} without its vDSO: CRIU dumps the process and cannot restore it.`,
        evidence: [`maps: ${vvar.name} and no [vdso]`],
        criuMessage: "Can't find vDSO area in image",
      }),
    );
  }
  return findings;
};

const presence = (space: Space, found: Found, vdso: VdsoVerdict): readonly Finding[] => {
  const proxied = found.judged.some(({ verdict }) => verdict.class === 'criu-runtime');
  const present: Present = { space, found, vdso, mapping: vdso.start, at: hex(vdso.start), proxied };
  return [
    ...placeFindings(present),
    ...pageFindings(present),
    ...permissionFindings(present),
    ...extentFindings(present),
    ...imageFindings(present),
  ];
};

interface Present {
  readonly space: Space;
  readonly found: Found;
  readonly vdso: VdsoVerdict;
  /** Where it starts, as a number and as a word. */
  readonly mapping: bigint;
  readonly at: string;
  /** It is the runtime vDSO of a CRIU, or there is one beside it. */
  readonly proxied: boolean;
}

const placeFindings = ({ space, found, vdso, mapping, at, proxied }: Present): readonly Finding[] => {
  const findings: Finding[] = [];
  const traits = found.pieces.map((piece) => piece.traits);
  const image = imageRange(space, traits);
  const { why } = isMoved(space, traits, image);
  if (vdso.moved === true) {
    const text = `The vDSO is at ${at}, ${movedWords(space)}.`;
    findings.push(finding('vdso-moved', { mapping, text, evidence: [why] }));
  } else if (vdso.moved === undefined && !proxied && space.auxvVdso !== undefined) {
    const text = `auxv says ${hex(space.auxvVdso)}, the vDSO is at ${at}.`;
    findings.push(finding('auxv-mismatch', { mapping, text, evidence: [why] }));
  }
  if (vdso.vvarAttached === false) {
    const attached = vvarAttached(space, vdso, image);
    const text = `vvar does not lie where the vDSO at ${at} reads it.`;
    findings.push(finding('vvar-detached', { mapping, text, evidence: [attached.why] }));
  }
  return findings;
};

const pageFindings = ({ found, vdso, mapping, at, proxied }: Present): readonly Finding[] => {
  const copied = vdso.modifiedPages ?? [];
  if (copied.length === 0 || proxied) return [];
  const pages = `page${copied.length > 1 ? 's' : ''} ${copied.slice(0, 16).join(', ')}`;
  const text = `The vDSO at ${at} has ${pages} copied: written by the process itself or from outside.`;
  const evidence = found.pieces.flatMap(({ verdict }) => verdict.evidence);
  return [
    finding('page-modified', { mapping, text, evidence: evidence.filter((line) => /^(pagemap|smaps)/.test(line)) }),
  ];
};

const permissionFindings = ({ found, vdso, mapping, at }: Present): readonly Finding[] => {
  const findings: Finding[] = [];
  const first = found.pieces[0]?.traits.vma;
  const text = `The vDSO at ${at} is ${vdso.permissions}.`;
  if (first?.write === true) findings.push(finding('vdso-writable', { mapping, text, evidence: ['maps: writable'] }));
  if (first !== undefined && !(first.read && first.execute))
    findings.push(finding('vdso-not-executable', { mapping, text, evidence: ['maps: not r-x'] }));
  if (vdso.sealed === true) {
    const sealed = `The vDSO at ${at} is sealed.`;
    findings.push(finding('vdso-sealed', { mapping, text: sealed, evidence: ['smaps: VmFlags has sl'] }));
  }
  return findings;
};

/** Is it in one piece, and whole? */
const extentFindings = ({ space, found, vdso, mapping, at }: Present): readonly Finding[] => {
  const findings: Finding[] = [];
  if (found.pieces.length > 1)
    findings.push(finding('vdso-split', { mapping, text: `The vDSO at ${at} is ${found.pieces.length} mappings.` }));
  const whole = imagePages(space, vdso.image);
  const have = Number(sizeOf(vdso) / space.pageSize);
  if (whole !== undefined && have < whole)
    findings.push(
      finding('vdso-partial', { mapping, text: `${have} of ${whole} pages of the vDSO are left, from ${at}.` }),
    );
  return findings;
};

/** Is it the one that this host gives such a process? */
const imageFindings = ({ space, found, vdso, mapping, at }: Present): readonly Finding[] => {
  const findings: Finding[] = [];
  if (vdso.image !== undefined && space.abi !== undefined && vdso.image !== space.abi)
    findings.push(
      finding('foreign-image', { mapping, text: `The vDSO is the ${vdso.image} image in a ${space.abi} process.` }),
    );
  if (isContainers(space, found, vdso))
    findings.push(
      finding('container-vdso', {
        mapping,
        text: `The vDSO at ${at} is the kernel's, but not the host's own pages.`,
        evidence: ["pagemap: the kernel's page, with a frame that is not the host's"],
        criuMessage: `Drop mishinted vDSO status at ${vdso.start.toString(16)}`,
      }),
    );
  return findings;
};

const movedWords = (space: Space): string => {
  const last = space.context.moves?.at(-1);
  const given = space.context.placedAt ?? space.auxvVdso;
  const from = given === undefined ? 'not where it was put' : `and was put at ${hex(given)}`;
  return last === undefined ? from : `${from}; moved by process ${last.pid} (${printable(last.comm)})`;
};

/** A clean page whose frame is none of the host's, while the host's are known. */
const isContainers = (space: Space, found: Found, vdso: VdsoVerdict): boolean => {
  const own = vdso.image === undefined ? undefined : space.evidence.host.reference.get(vdso.image);
  if (own === undefined || own.length === 0) return false;
  return found.pieces.some(({ traits }) =>
    traits.pages.some(
      ({ state, frame, known }) => state === 'kernel' && frame !== undefined && known?.container !== false,
    ),
  );
};
