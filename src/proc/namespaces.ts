import { isError, type ProcFiles } from './files.js';
import { parseNamespaceLink } from './parse/small.js';

/**
 * Namespace inode numbers. Most processes of a machine share theirs, so equal ones share one map: what is returned
 * must not be changed, and two processes with the same map have the same namespaces.
 */
export const censusNamespaces = (files: ProcFiles, folder: string): ReadonlyMap<string, bigint> => {
  const uts = files.link(`${folder}/ns/uts`);
  const time = files.link(`${folder}/ns/time`);
  const key = `${typeof uts === 'string' ? uts : ''} ${typeof time === 'string' ? time : ''}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  const made = namespaceMap([uts, time]);
  // Bounded: a machine has a few hundred namespaces; one that makes them by the million must not fill us.
  if (shared.size >= MOST_SHARED) shared.clear();
  shared.set(key, made);
  return made;
};

const shared = new Map<string, ReadonlyMap<string, bigint>>();
const MOST_SHARED = 4096;

/** All links of /proc/PID/ns. */
export const allNamespaces = (files: ProcFiles, folder: string): ReadonlyMap<string, bigint> => {
  const names = files.list(`${folder}/ns`);
  return isError(names) ? new Map() : namespaceMap(names, (name) => files.link(`${folder}/ns/${name}`));
};

