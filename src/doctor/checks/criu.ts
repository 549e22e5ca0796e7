import { type EraCheck, eraOf } from '../../hint/criu-eras.js';
import { printable } from '../../text/escape.js';
import { type Check, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';

/** An installed CRIU. */
export interface CriuFound {
  readonly path: string;
  /** "3.17.1"; undefined: it does not say. */
  readonly version: string | undefined;
}

export const findCriu = async (machine: Machine): Promise<CriuFound | undefined> => {
  const path = machine.find('criu');
  if (path === undefined) return undefined;
  const { stdout } = await machine.run(path, ['--version'], 10);
  return { path, version: /^Version: (\d+(?:\.\d+)*)/m.exec(stdout)?.[1] };
};

/** Whether CRIU and crit are there, and whether that CRIU can run on this kernel at all. */
export const criuChecks = (
  machine: Machine,
  criu: CriuFound | undefined,
  eras: readonly EraCheck[],
): readonly Check[] => [
  criu === undefined
    ? ok('criu', 'CRIU', 'not installed: forecasts are made for the newest known')
    : installed(criu, eras),
  critCheck(machine),
];

const installed = ({ path, version }: CriuFound, eras: readonly EraCheck[]): Check => {
  const place = printable(Buffer.from(path).toString('latin1'));
  if (version === undefined) return warn('criu', 'CRIU', `${place} does not tell its version`, null);
  const era = eraOf(version, eras);
  const found = `${version} at ${place}`;
  if (era === undefined)
    return warn(
      'criu',
      'CRIU',
      `${found}: older than all that is known of CRIU and vDSOs`,
      'install CRIU 4.1 or later',
    );
  if (era.starts === false)
    return warn('criu', 'CRIU', `${found} cannot run on this kernel: it ${era.why}`, 'install CRIU 4.1 or later');
  return ok('criu', 'CRIU', `${found}, goes by ${CHECK_WORDS[era.native]}`);
};

const CHECK_WORDS = {
  hint: 'the hint (the name [vdso])',
  pfn: 'page frames',
  symtable: 'symbol tables',
  fails: 'a check that fails here',
};

const critCheck = (machine: Machine): Check => {
  const path = machine.find('crit');
  return ok(
    'crit',
    'crit',
    path === undefined ? 'not installed, not needed' : printable(Buffer.from(path).toString('latin1')),
  );
};
