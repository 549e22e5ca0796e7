import { openStore } from '../model/store.js';
import { isError, type ProcFiles } from '../proc/door.js';
import { leaderOf } from '../proc/leader.js';
import { parseStatus } from '../proc/parse/status.js';
import type { PidResolver } from './target.js';

/**
 * System call arguments name processes as the caller's pid namespace numbers them, and may name a
 * thread. In our own namespace that is our /proc's number; from another, the process is sought that has this number
 * there: NSpid lists a process's numbers from ours inwards, so the caller's level is the length of its own list.
 */
export const pidResolver = (files: ProcFiles): PidResolver => {
  /** By writer and number: a CRIU that dumps is done within milliseconds, and then both are gone. */
  const known = openStore<string, number>(MOST_KNOWN);
  return (writer, pid, seen) => {
    const key = `${writer} ${pid}`;
    const callers = files.link(`${files.root}/${writer}/ns/pid`);
    const alive = typeof callers === 'string';
    const before = known.get(key);
    if (!alive && before !== undefined) return before;
    const namespace = alive ? callers : seen === undefined ? undefined : `pid:[${seen}]`;
    const found = numberHere(files, alive ? writer : undefined, namespace, pid) ?? before;
    if (found === undefined) return undefined;
    known.put(key, found);
    return found;
  };
};

const MOST_KNOWN = 256;

/** `writer` undefined: it has gone; `callers`: its pid namespace, undefined where nobody saw it. */
const numberHere = (
  files: ProcFiles,
  writer: number | undefined,
  callers: string | undefined,
  pid: number,
): number | undefined => {
  const own = files.link(`${files.root}/self/ns/pid`);
  // Nearly every process is in our namespace. Whom a caller wrote to is known by that number to whoever saw it live, if
  // it has gone too; only of a thread it would be none.
  if (callers === own || callers === undefined) return leaderOf(files, pid) ?? pid;
  const names = files.list(files.root);
  if (isError(names)) return undefined;
  const all = names.filter((name) => /^[1-9]\d{0,9}$/.test(name));
  const member = writer ?? all.find((name) => files.link(`${files.root}/${name}/ns/pid`) === callers);
  const level = member === undefined ? 0 : (statusOf(files, member)?.namespacePids?.length ?? 0);
  if (level < 2) return undefined;
  const numbers = (name: string): readonly number[] => statusOf(files, name)?.namespacePids ?? [];
  const inside = all.filter((name) => numbers(name)[level - 1] === pid);
  // Another namespace of that depth has the same number, and is not the caller's; one within may be the caller's.
  const found =
    inside.find((name) => files.link(`${files.root}/${name}/ns/pid`) === callers) ??
    inside.find((name) => numbers(name).length > level);
  return found === undefined ? undefined : Number(found);
};

const statusOf = (files: ProcFiles, pid: number | string) => {
  const bytes = files.record(`${files.root}/${pid}/status`);
  return isError(bytes) ? undefined : parseStatus(bytes.toString('latin1'));
};
