import { isSame, isSameProgram } from './same.js';
import type { Witness } from './witness.js';

/** Puts together what is about the same process; groups in the order of their first witness. Pure. */
export const group = (witnesses: readonly Witness[]): readonly (readonly Witness[])[] => {
  const byPid = new Map<number, Witness[][]>();
  const groups: Witness[][] = [];
  for (const witness of witnesses) {
    const near = new Set(numbersOf(witness).flatMap((pid) => byPid.get(pid) ?? []));
    const matching = [...near].filter((members) => members.some((member) => isSame(member, witness)));
    const [first, ...more] = matching;
    const target = first ?? [];
    if (first === undefined) groups.push(target);
    target.push(witness, ...more.flat());
    for (const merged of more) groups.splice(groups.indexOf(merged), 1);
    for (const pid of new Set(target.flatMap(numbersOf))) {
      const rest = (byPid.get(pid) ?? []).filter((members) => !more.includes(members) && members !== target);
      byPid.set(pid, [...rest, target]);
    }
  }
  return byProgram(groups);
};

/** Inside its container and outside: a restore keeps one of them. */
const numbersOf = ({ pids, judged }: Witness): readonly number[] => [
  ...pids,
  ...(judged.evidence.process.insidePid === undefined ? [] : [judged.evidence.process.insidePid]),
];

/** An image by itself, whose pids are those of a container: it is whoever runs the same program, if that is one. */
const byProgram = (groups: readonly Witness[][]): readonly (readonly Witness[])[] => {
  const images = groups.filter(([only, second]) => only?.criu !== undefined && second === undefined);
  if (images.length === 0 || images.length > MOST_IMAGES) return groups;
  const joined = new Set<readonly Witness[]>();
  for (const image of images) {
    const [witness] = image;
    if (witness === undefined) continue;
    const candidates = groups.filter(
      (members) =>
        members !== image && !joined.has(members) && members.some((member) => isSameProgram(member, witness)),
    );
    const [only, second] = candidates;
    if (only === undefined || second !== undefined) continue;
    only.push(witness);
    joined.add(image);
  }
  return groups.filter((members) => !joined.has(members));
};

const MOST_IMAGES = 1000;
