import { openStore } from '../model/store.js';
import { isError, type ProcFiles } from '../proc/door.js';
import { parseStatus } from '../proc/parse/status.js';
import type { PidResolver } from './observation.js';

/**
 * System call arguments name processes as the caller's pid namespace numbers them, and may name a
 * thread. In our own namespace that is our /proc's number; from another, the process is sought that has this number
 * there: NSpid lists a process's numbers from ours inwards, so the caller's level is the length of its own list.
 */
export const pidResolver = (files: ProcFiles): PidResolver => {
  /** By writer and number: a CRIU that dumps is done within milliseconds, and then both are gone. */
  const known = openStore<string, number>(MOST_KNOWN);
  return (writer, pid) => {
    const key = `${writer} ${pid}`;
    const callers = files.link(`${files.root}/${writer}/ns/pid`);
    const namespace = typeof callers === 'string' ? callers : undefined;
    const before = known.get(key);
    if (namespace === undefined && before !== undefined) return before;
    const found = numberHere(files, writer, namespace, pid) ?? before;
    if (found === undefined) return undefined;
    known.put(key, found);
    return found;
  };
};

const MOST_KNOWN = 256;

/** `callers`: its pid namespace; undefined: it has gone. */
const numberHere = (files: ProcFiles, writer: number, callers: string | undefined, pid: number): number | undefined => {
  const own = files.link(`${files.root}/self/ns/pid`);
  // A caller that has gone cannot be asked; nearly every process is in our namespace. Whom it wrote to is known by that
  // number to whoever saw it live, if it has gone too; only of a thread it would be none.
  if (callers === own || callers === undefined) return leaderOf(files, pid) ?? pid;
  const level = statusOf(files, writer)?.namespacePids?.length ?? 0;
  const names = level < 2 ? [] : files.list(files.root);
  if (isError(names)) return undefined;
  const inside = names
    .filter((name) => /^[1-9]\d{0,9}$/.test(name))
    .filter((name) => statusOf(files, name)?.namespacePids?.[level - 1] === pid)
    .map(Number);
  // The same number may exist in several namespaces of that depth: the caller's own is certain.
  return inside.find((found) => files.link(`${files.root}/${found}/ns/pid`) === callers) ?? inside[0];
};

const statusOf = (files: ProcFiles, pid: number | string) => {
  const bytes = files.record(`${files.root}/${pid}/status`);
  return isError(bytes) ? undefined : parseStatus(bytes.toString('latin1'));
};

/** /proc/TID answers for every thread; its Tgid is the process. */
const leaderOf = (files: ProcFiles, tid: number): number | undefined => {
  const bytes = files.record(`${files.root}/${tid}/status`);
  if (isError(bytes)) return undefined;
  const tgid = /^Tgid:\t(\d{1,10})$/m.exec(bytes.toString('latin1'))?.[1];
  return tgid === undefined ? tid : Number(tgid);
};
