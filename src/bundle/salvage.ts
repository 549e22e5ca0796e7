import type { Breakage } from '../gzip/gunzip.js';
import { type Failure, failure } from '../model/failure.js';
import { printable } from '../text/escape.js';
import type { BundleFiles, Loaded } from './files.js';

/** How the reading of an archive ended before its end. */
export interface Break {
  /** Of one that is cut short all that is there is right; where bytes are wrong, it is seen late that they are. */
  readonly how: Breakage;
  /** The file in which it ended, by its path in the archive; undefined: between two of them. */
  readonly within: string | undefined;
  /** The last one that is whole. */
  readonly last: string | undefined;
}

/**
 * What a broken archive still tells: the files before the break. Where bytes are wrong, those of the process it broke at
 * may be too, and are left out. `files`: by their paths inside the bundle. Pure.
 */
export const salvage = (path: string, prefix: string, files: BundleFiles, broken: Break): Loaded => {
  const { how, within, last } = broken;
  const inside = (name: string | undefined): string => (name?.startsWith(prefix) ? name.slice(prefix.length) : '');
  const pid = /^\d+(?=\/)/.exec(inside(within ?? last))?.[0];
  const suspect = how === 'wrong' ? pid : undefined;
  const kept = [...files].filter(([name]) => suspect === undefined || !name.startsWith(`${suspect}/`));
  const lost = new Set(within === undefined ? [] : [inside(within)]);
  // Its mappings are missing for the same reason.
  if (pid !== undefined && !kept.some(([name]) => name === `${pid}/maps`)) lost.add(`${pid}/maps`);
  return { files: new Map(kept), lost, problems: [told(path, broken, suspect)] };
};

const told = (path: string, { how, within, last }: Break, suspect: string | undefined): Failure => {
  const shown = printable(path);
  if (how === 'checksum')
    return failure(
      'bad-input',
      `${shown} is damaged somewhere (its checksum is wrong), so what it tells may be wrong.`,
      AGAIN,
    );
  const where = within === undefined ? `after ${printable(last ?? '')}` : `within ${printable(within)}`;
  if (how === 'cut')
    return failure('bad-input', `${shown} is cut short ${where}: what comes from there on is lost.`, AGAIN);
  const process = suspect === undefined ? '' : `process ${suspect} and `;
  return failure('bad-input', `${shown} is damaged ${where}: ${process}what comes after it is lost.`, AGAIN);
};

const AGAIN = 'Copy it again.';

/** Its bundle.json is lost, as `capture` writes it last: the folder of the processes; undefined: there is not one. */
export const folderOfProcesses = (names: Iterable<string>): string | undefined => {
  const folders = new Set([...names].flatMap((name) => /^((?:.+\/)?)\d{1,10}\/maps$/.exec(name)?.[1] ?? []));
  return folders.size === 1 ? [...folders][0] : undefined;
};
