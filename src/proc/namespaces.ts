import { type ErrorCode, isError, type ProcFiles } from './door.js';
import { parseNamespaceLink } from './parse/small.js';

/**
 * Inode numbers of the uts and time namespace. Most processes of a machine share theirs, so equal ones share one map:
 * two processes with the same map have the same namespaces.
 */
export const censusNamespaces = (files: ProcFiles, folder: string): ReadonlyMap<string, bigint> => {
  const uts = files.link(`${folder}/ns/uts`);
  if (isError(uts)) return NONE;
  const link = files.link(`${folder}/ns/time`);
  const time = isError(link) ? '' : link;
  // Those of the process before it, nearly always: no hash of two new strings.
  if (uts !== latest.uts || time !== latest.time) latest = { uts, time, map: sharedMap(uts, time) };
  return latest.map;
};

const sharedMap = (uts: string, time: string): ReadonlyMap<string, bigint> => {
  let ofUts = shared.get(uts);
  if (ofUts === undefined) {
    // Bounded: a machine has a few hundred namespaces; one that makes them by the million must not fill us.
    if (shared.size >= MOST_SHARED) shared.clear();
    ofUts = new Map();
    shared.set(uts, ofUts);
  }
  const known = ofUts.get(time);
  if (known !== undefined) return known;
  const made = namespaceMap([uts, time]);
  if (ofUts.size < MOST_SHARED) ofUts.set(time, made);
  return made;
};

const NONE: ReadonlyMap<string, bigint> = new Map();
let latest = { uts: '', time: '', map: NONE };
const shared = new Map<string, Map<string, ReadonlyMap<string, bigint>>>();
const MOST_SHARED = 1024;

/** All links of /proc/PID/ns, by their name there: pid and pid_for_children may differ. */
export const allNamespaces = (files: ProcFiles, folder: string): ReadonlyMap<string, bigint> | ErrorCode => {
  const names = files.list(`${folder}/ns`);
  if (isError(names)) return names;
  const found = new Map<string, bigint>();
  for (const name of names) {
    const link = files.link(`${folder}/ns/${name}`);
    const parsed = isError(link) ? undefined : parseNamespaceLink(link);
    if (parsed !== undefined) found.set(name, parsed.inode);
  }
  return found;
};

const namespaceMap = (links: readonly string[]): ReadonlyMap<string, bigint> => {
  const found = new Map<string, bigint>();
  for (const link of links) {
    const parsed = parseNamespaceLink(link);
    if (parsed !== undefined) found.set(parsed.type, parsed.inode);
  }
  return found;
};
