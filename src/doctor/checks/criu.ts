import { installedCriu } from '../../criu/installed.js';
import { type EraCheck, eraOf } from '../../hint/criu-eras.js';
import { type CriuVersion, versionText } from '../../judge/criu/version.js';
import type { Outcome } from '../../model/failure.js';
import { printable } from '../../text/escape.js';
import { type Check, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';

/** Whether CRIU and crit are there, and whether that CRIU can run on this kernel at all. */
export const criuChecks = async (machine: Machine, eras: readonly EraCheck[]): Promise<readonly Check[]> => {
  const path = machine.find('criu');
  const criu =
    path === undefined
      ? ok('criu', 'CRIU', 'not installed: forecasts are made for the newest known')
      : criuCheck(path, await installedCriu(path), eras);
  const crit = machine.find('crit');
  return [criu, ok('crit', 'crit', crit === undefined ? 'not installed, not needed' : shown(crit))];
};

/** `eras`: what each CRIU would do on this host. */
export const criuCheck = (path: string, version: Outcome<CriuVersion>, eras: readonly EraCheck[]): Check => {
  if (!version.ok) return warn('criu', 'CRIU', version.failure.text, version.failure.mend);
  const found = `${versionText(version.value)} at ${shown(path)}`;
  const era = eraOf(version.value, eras);
  if (era === undefined) return warn('criu', 'CRIU', `${found}: older than all that know vDSOs`, NEWER);
  if (era.starts === false) return warn('criu', 'CRIU', `${found} cannot run on this kernel: it ${era.why}`, NEWER);
  return ok('criu', 'CRIU', `${found}, goes by ${CHECK_WORDS[era.native]}`);
};

const NEWER = 'install CRIU 4.1 or later';

const CHECK_WORDS = {
  hint: 'the hint (the name [vdso])',
  pfn: 'page frames',
  symtable: 'symbol tables',
  fails: 'a check that fails here',
  unknown: 'the hint or by what pagemap shows: the mremap test could not be run',
};

const shown = (path: string): string => printable(Buffer.from(path).toString('latin1'));
