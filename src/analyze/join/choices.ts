import { hasStatus } from '../../criu/status.js';
import { finding } from '../../judge/finding-codes.js';
import type { Choice } from '../../model/chapter.js';
import type { Finding, MappingClass, MappingVerdict } from '../../model/verdict.js';
import { byStart } from '../../model/vma.js';
import { hex } from '../../text/hex.js';
import type { Role } from './roles.js';
import type { Witness } from './witness.js';

/**
 * What CRIU took every mapping for that is, or looks like, a vDSO, against what it is. Whoever saw the process alive
 * knows better than its image, as long as the mapping is the same in both.
 */
export const choicesOf = (roles: readonly Role[], image = imageOf(roles)): readonly Choice[] => {
  const areas = image?.criu?.process?.areas;
  if (image === undefined || areas === undefined) return [];
  const seen = new Map<bigint, { readonly mapping: MappingVerdict; readonly by: string }>();
  const dumped = new Set((image.criu?.logged?.vmas ?? areas).map(({ start, end }) => `${start} ${end}`));
  for (const witness of [image, ...roles.filter(({ role }) => role === 'before').map((one) => one.witness)]) {
    // What it is nobody knows: CRIU may have been right.
    for (const mapping of witness.judged.verdict.mappings)
      if (mapping.confidence !== 'unknown' && (witness === image || dumped.has(`${mapping.start} ${mapping.end}`)))
        seen.set(mapping.start, { mapping, by: BY[witness.judged.evidence.source] });
  }
  return [...seen.values()]
    .sort((one, other) => byStart(one.mapping, other.mapping))
    .map(({ mapping, by }) => {
      const area = areas.find(({ start }) => start === mapping.start);
      const took = area === undefined ? 'left out' : tookOf(area.status);
      return { start: mapping.start, class: mapping.class, by, took, right: isRight(mapping.class, took) };
    });
};

const BY = { proc: '/proc', bundle: 'bundle', recording: 'recording', 'criu-image': 'image', core: 'core' } as const;

/** The images among them, as one witness; undefined: there are none. */
export const imageOf = (roles: readonly Role[]): Witness | undefined =>
  roles.find(({ role }) => role === 'dump')?.witness;

const tookOf = (status: number): Choice['took'] => {
  if (hasStatus(status, 'vdso')) return 'vdso';
  return hasStatus(status, 'vvar') ? 'vvar' : 'memory';
};

/** A proxy is the vDSO of the dumped program; the runtime vDSO beside it belongs to the kernel that was left. */
const isRight = (kind: MappingClass, took: Choice['took']): boolean => {
  if (kind === 'genuine' || kind === 'criu-proxy') return took === 'vdso';
  if (kind === 'criu-runtime') return took === 'left out';
  return took !== 'vdso' && took !== 'left out';
};

/** Wrong choices that the image by itself does not give away. */
export const choiceFindings = (choices: readonly Choice[], told: readonly Finding[]): readonly Finding[] =>
  choices
    .filter(({ right, start }) => !right && !told.some(({ code, mapping }) => OF_IMAGE.has(code) && mapping === start))
    .map(({ start, class: kind, by, took }) =>
      finding('choice-wrong', {
        mapping: start,
        text: `CRIU took the mapping at ${hex(start)} for ${TOOK[took]}, and it is ${IS[kind]}.`,
        evidence: [`${by}: ${kind}`, `mm: ${took}`],
      }),
    );

const OF_IMAGE = new Set(['image-mishinted', 'image-took-decoy', 'image-lost-proxy', 'mark-forged']);

export const TOOK: Readonly<Record<Choice['took'], string>> = {
  vdso: 'the vDSO',
  vvar: 'vvar',
  memory: 'plain memory',
  'left out': 'nothing, and left it out',
};

export const IS: Readonly<Record<MappingClass, string>> = {
  genuine: 'the vDSO',
  decoy: 'not the vDSO',
  'criu-runtime': 'the runtime vDSO of an earlier restore',
  'criu-proxy': 'the vDSO the program calls, a proxy',
  'not-vdso': 'not the vDSO',
};
