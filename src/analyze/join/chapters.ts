import { finding } from '../../judge/finding-codes.js';
import type { Chapter, Moment } from '../../model/chapter.js';
import type { Difference } from '../../model/diff.js';
import { type Failure, failure } from '../../model/failure.js';
import type { Finding } from '../../model/verdict.js';
import { escapeText } from '../../text/escape.js';
import { compare } from '../compare.js';
import type { Piece } from '../piece.js';
import { byDump, type Group } from './by-dump.js';
import { choiceFindings, choicesOf, imageOf } from './choices.js';
import { conclude } from './conclusion.js';
import { group } from './group.js';
import { outcomeOf } from './outcome.js';
import { type Role, rolesOf, stateTime } from './roles.js';
import { areOtherHosts } from './same.js';
import { storyOf } from './story.js';
import { type Witness, wasMovedSince, witnessesOf } from './witness.js';
import { writtenFindings, writtenOf } from './written.js';

export interface JoinOptions {
  /** Images were judged for another host than that of the dump: their forecast is what was asked for. */
  readonly forTarget: boolean;
}

/**
 * Joins what the paths say by process and time: one chapter for each process, or for each dump of it, oldest first, in
 * the order of the paths. Pure.
 */
export const chaptersOf = (pieces: readonly Piece[], options: JoinOptions = { forTarget: false }): readonly Chapter[] =>
  group(witnessesOf(pieces))
    .flatMap(byDump)
    .flatMap((one) => chapterOf(one, options) ?? []);

const chapterOf = (told: Group, { forTarget }: JoinOptions): Chapter | undefined => {
  const roles = rolesOf(told.witnesses);
  const main = mainOf(roles);
  if (main === undefined) return undefined;
  const image = imageOf(roles)?.judged;
  const differences = differencesOf(roles);
  const choices = choicesOf(roles);
  const written = writtenOf(roles);
  const found = mergedFindings([main, ...roles.filter((one) => isOf(main, one)).map(({ witness }) => witness)]);
  const { evidence, verdict, forecast } = main.judged;
  const joined = [
    ...writtenFindings(written, verdict.vdso?.start),
    ...permissionFindings(differences, roles, verdict.vdso?.start),
    ...choiceFindings(choices, found),
  ];
  const expected = forTarget ? (image?.forecast ?? forecast) : (forecast ?? image?.forecast);
  const lives = roles.flatMap(({ witness }) => witness.life?.life ?? []);
  return {
    main: {
      evidence,
      verdict: { ...verdict, findings: [...joined, ...found] },
      ...(expected === undefined ? {} : { forecast: expected }),
      history: roles.flatMap(({ witness }) => witness.judged.history ?? []),
    },
    moments: roles.map(momentOf),
    conclusion: conclude(roles, choices, written, differences, told),
    story: storyOf(roles),
    turns: lives.flatMap(({ turns }) => turns),
    choices,
    differences,
    restored:
      outcomeOf(imageOf(roles), roles.filter(({ role }) => role === 'after').at(-1)?.witness.judged.verdict) !==
      undefined,
    plain: lives.length === roles.length && lives.every(({ remarkable }) => !remarkable),
  };
};

/** What stands for the process: as it was when it was dumped, seen alive if possible. */
const mainOf = (roles: readonly Role[]): Witness | undefined => {
  const newest = (those: readonly Role[]): Witness | undefined =>
    ROLES.map((wanted) => those.filter(({ role }) => role === wanted).at(-1)?.witness).find((one) => one !== undefined);
  const isRead = ({ witness }: Role): boolean => witness.judged.evidence.vmas !== undefined;
  const last = roles.filter(({ role }) => role === 'before').at(-1);
  // A log alone knows little of a process, as does who saw it dumped and never read it: whoever has its mappings goes
  // first. What it was before that one tells less than its images, as does what it was before it moved its vDSO.
  const isOld = last !== undefined && (!isRead(last) || wasMovedSince(last.witness.judged, imageOf(roles)));
  const useful = roles.filter((one) => isRead(one) && !(isOld && one.role === 'before'));
  return newest(useful) ?? newest(roles);
};

const ROLES = ['before', 'dump', 'crash', 'after'] as const;

const momentOf = ({ role, witness }: Role): Moment => ({
  role,
  path: witness.path,
  host: witness.host,
  time: stateTime(witness),
  judged: witness.judged,
});

const isOf = (main: Witness, { role, witness }: Role): boolean => role !== 'after' && isOfLife(main, witness);

/** Is it about the same life of the process? What it was before an earlier restore is another story. */
const isOfLife = (one: Witness, other: Witness): boolean => {
  const isKnown = one.startTicks !== undefined && other.startTicks !== undefined;
  const isSeen = one.life !== undefined && other.life !== undefined;
  return one.startTicks === other.startTicks || !(isKnown || isSeen);
};

/** Findings of several sources, those of the first one first; the same finding of another source adds nothing. */
const mergedFindings = (witnesses: readonly Witness[]): readonly Finding[] => {
  const merged = new Map<string, Finding>();
  for (const { judged } of witnesses)
    for (const finding of judged.verdict.findings) {
      const key = `${finding.code} ${finding.mapping ?? ''} ${MANY.has(finding.code) ? finding.text : ''}`;
      if (!merged.has(key)) merged.set(key, finding);
    }
  return [...merged.values()];
};

/** Codes that stand for different things. */
const MANY: ReadonlySet<string> = new Set(['log-error', 'log-warning']);

/** Between the last state before the dump and the last one after it; else between the first and the last of one life. */
const differencesOf = (roles: readonly Role[]): readonly Difference[] => {
  // Who has ended, or was not read, has no memory to compare.
  const read = roles.filter(
    ({ witness: { judged } }) => judged.verdict.applicable && judged.evidence.vmas !== undefined,
  );
  const of = (wanted: Role['role']) => read.filter(({ role }) => role === wanted).map(({ witness }) => witness);
  const before = of('before').at(-1);
  const after = of('after').at(-1) ?? before;
  const first =
    before !== after ? (before ?? imageOf(roles)) : of('before').find((one) => after && isOfLife(one, after));
  return first === undefined || after === undefined || first === after ? [] : compare(first.judged, after.judged);
};

const permissionFindings = (
  differences: readonly Difference[],
  roles: readonly Role[],
  mapping: bigint | undefined,
): readonly Finding[] =>
  roles.some(({ role }) => role === 'after')
    ? differences
        .filter(({ field }) => field === 'permissions')
        .map(({ text }) => finding('permissions-lost', { mapping, text: `The restored vDSO differs: ${text}.` }))
    : [];

/** Says when the paths are not of one machine and boot: joined are then only processes that surely are the same. */
export const hostProblems = (pieces: readonly Piece[]): readonly Failure[] => {
  const known = pieces.flatMap(({ host, input }) => (host === undefined ? [] : [{ host, path: input.path }]));
  const [first] = known;
  const other = known.find(({ host }) => areOtherHosts(first?.host, host));
  if (first === undefined || other === undefined) return [];
  const [one, two] = [first, other].map(
    ({ host, path }) => `${escapeText(path)} (Linux ${escapeText(host.release ?? 'of unknown release')})`,
  );
  return [
    failure(
      'mixed-hosts',
      `${one} and ${two} are of different hosts or boots; only processes that are surely the same are joined.`,
    ),
  ];
};
