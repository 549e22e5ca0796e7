import { finding } from '../../judge/finding-codes.js';
import type { Difference } from '../../model/diff.js';
import { type Failure, failure } from '../../model/failure.js';
import type { Finding } from '../../model/verdict.js';
import type { Chapter, Moment } from '../../report/chapter.js';
import type { Judged } from '../../report/process.js';
import { escapeText } from '../../text/escape.js';
import { compare } from '../compare.js';
import type { Piece } from '../piece.js';
import { choiceFindings, choicesOf, imageOf } from './choices.js';
import { conclude } from './conclusion.js';
import { group } from './group.js';
import { type Role, rolesOf } from './roles.js';
import { areOtherHosts } from './same.js';
import { storyOf } from './story.js';
import { type Witness, witnessesOf } from './witness.js';
import { writtenFindings, writtenOf } from './written.js';

/** Joins what the paths say by process and time: one chapter for each process, in the order of the paths. Pure. */
export const chaptersOf = (pieces: readonly Piece[]): readonly Chapter[] =>
  group(witnessesOf(pieces)).map((witnesses) => chapterOf(rolesOf(witnesses)));

const chapterOf = (roles: readonly Role[]): Chapter => {
  const image = imageOf(roles);
  const main = mainOf(roles);
  const differences = differencesOf(roles);
  const choices = choicesOf(roles);
  const written = writtenOf(roles);
  const told = mergedFindings([main, ...roles.filter(({ role }) => role !== 'after').map(({ witness }) => witness)]);
  const joined = [
    ...writtenFindings(written, main?.judged.verdict.vdso?.start),
    ...permissionFindings(differences, roles),
    ...choiceFindings(choices, told),
  ];
  const { evidence, verdict, forecast, history } = main?.judged ?? NOBODY;
  const expected = image?.judged.forecast ?? forecast;
  const whole: Judged = {
    evidence,
    verdict: { ...verdict, findings: [...joined, ...told] },
    ...(expected === undefined ? {} : { forecast: expected }),
    ...(history === undefined ? {} : { history }),
  };
  const lives = roles.flatMap(({ witness }) => witness.life?.life ?? []);
  return {
    main: whole,
    moments: roles.map(momentOf),
    conclusion: conclude(roles, choices, written, differences),
    story: storyOf(roles),
    turns: lives.flatMap(({ turns }) => turns),
    choices,
    differences,
    plain: lives.length === roles.length && lives.every(({ remarkable }) => !remarkable),
  };
};
