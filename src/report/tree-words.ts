import { failsDump } from '../judge/well.js';
import type { Forecast } from '../model/verdict.js';

interface Foretold {
  readonly evidence: { readonly process: { readonly pid: number } };
  readonly forecast?: Forecast | undefined;
}

/**
 * What one dump of all of them comes to, where that is more than what comes of each: CRIU gives up a dump or a restore
 * as a whole when it fails for one of them ("Dumping FAILED" in cr_dump_finish, "Restoring FAILED" in restore_root_task;
 * 4.1.1 left nobody alive).
 */
export const treeWords = (tree: readonly Foretold[]): string => {
  if (tree.length < 2) return '';
  const whose = (fails: (forecast: Forecast) => boolean): readonly number[] =>
    tree
      .filter(({ forecast }) => forecast !== undefined && fails(forecast))
      .map(({ evidence }) => evidence.process.pid);
  const dump = whose(failsDump);
  if (dump.length > 0) return `One dump takes them all: it fails, because of ${pidWords(dump)}.\n`;
  const restore = whose((forecast) => forecast.restore === 'fail');
  if (restore.length > 0) return `One dump takes them all: it cannot be restored, because of ${pidWords(restore)}.\n`;
  const crash = whose(crashesRestorer);
  return crash.length > 0
    ? `One dump takes them all: a restore with -v3 and up fails, because of ${pidWords(crash)}.\n`
    : '';
};

/**
 * Does it die while CRIU still waits for all of them ("killed by signal 11" in sigchld_process, criu/cr-restore.c; seen
 * with 4.1.1 and 4.2)? The last line of its restorer is that of its clock. Who dies later, without a word, dies alone.
 */
const crashesRestorer = ({ restore, findings }: Forecast): boolean =>
  restore === 'crash' &&
  findings.some(({ code, criuMessage }) => code === 'restore-crashes' && criuMessage !== undefined);

const pidWords = (pids: readonly number[]): string =>
  pids.length <= FEW ? pids.join(', ') : `${pids.slice(0, FEW).join(', ')} and ${pids.length - FEW} more`;

const FEW = 8;
