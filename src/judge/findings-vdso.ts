import { AT_PAGESZ, AT_SYSINFO_EHDR } from '../model/evidence.js';
import type { Finding, VdsoVerdict } from '../model/verdict.js';
import { sizeOf } from '../model/vma.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { finding } from './finding-codes.js';
import type { Found } from './found.js';
import { imageRange } from './image-range.js';
import { vvarAttached } from './layout.js';
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
  const traits = found.pieces.map((piece) => piece.traits);
  const [first] = traits;
  const mapping = vdso.start;
  const at = hex(vdso.start);
  const findings: Finding[] = [];
  const add = (...args: Parameters<typeof finding>): void => {
    findings.push(finding(...args));
  };
  const move = isMoved(space, traits);
  const vvar = vvarAttached(space, vdso, imageRange(space, traits));
  const proxied = found.judged.some(({ verdict }) => verdict.class === 'criu-runtime');
  if (vdso.moved === true)
    add('vdso-moved', { mapping, text: `The vDSO is at ${at}, ${movedWords(space)}.`, evidence: [move.why] });
  else if (vdso.moved === undefined && !proxied && space.auxvVdso !== undefined) {
    add('auxv-mismatch', {
      mapping,
      text: `auxv says ${hex(space.auxvVdso)}, the vDSO is at ${at}.`,
      evidence: [move.why],
    });
  }
  if (vdso.vvarAttached === false) {
    add('vvar-detached', {
      mapping,
      text: `vvar does not lie where the vDSO at ${at} reads it.`,
      evidence: [vvar.why],
    });
  }
  const copied = vdso.modifiedPages ?? [];
  if (copied.length > 0 && !proxied) {
    const pages = `page${copied.length > 1 ? 's' : ''} ${copied.slice(0, 16).join(', ')}`;
    add('page-modified', {
      mapping,
      text: `The vDSO at ${at} has ${pages} copied: written by the process itself or from outside.`,
      evidence: found.pieces.flatMap(({ verdict }) => verdict.evidence).filter((line) => /^(pagemap|smaps)/.test(line)),
    });
  }
  if (first?.vma.write === true) {
    add('vdso-writable', { mapping, text: `The vDSO at ${at} is ${vdso.permissions}.`, evidence: ['maps: writable'] });
  }
  if (first !== undefined && !(first.vma.read && first.vma.execute)) {
    add('vdso-not-executable', {
      mapping,
      text: `The vDSO at ${at} is ${vdso.permissions}.`,
      evidence: ['maps: not r-x'],
    });
  }
  if (vdso.sealed === true) {
    add('vdso-sealed', { mapping, text: `The vDSO at ${at} is sealed.`, evidence: ['smaps: VmFlags has sl'] });
  }
  if (found.pieces.length > 1) {
    add('vdso-split', { mapping, text: `The vDSO at ${at} is ${found.pieces.length} mappings.`, evidence: [] });
  }
  const whole = imagePages(space, vdso.image);
  const have = Number(sizeOf(vdso) / space.pageSize);
  if (whole !== undefined && have < whole) {
    add('vdso-partial', { mapping, text: `${have} of ${whole} pages of the vDSO are left, from ${at}.`, evidence: [] });
  }
  if (vdso.image !== undefined && space.abi !== undefined && vdso.image !== space.abi) {
    add('foreign-image', {
      mapping,
      text: `The vDSO is the ${vdso.image} image in a ${space.abi} process.`,
      evidence: [],
    });
  }
  if (isContainers(space, found, vdso)) {
    add('container-vdso', {
      mapping,
      text: `The vDSO at ${at} is the kernel's, but not the host's own pages.`,
      evidence: ["pagemap: the kernel's page, with a frame that is not the host's"],
      criuMessage: `Drop mishinted vDSO status at ${vdso.start.toString(16)}`,
    });
  }
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
