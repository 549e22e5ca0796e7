import { hintOf } from '../../hint/examine.js';
import { isMeasured, type MremapTest } from '../../hint/mremap-test.js';
import { type Check, ok, warn } from '../check.js';

/** What the mremap test said, and whether this kernel seals the mappings it makes. */
export const hintChecks = (tests: readonly MremapTest[]): readonly Check[] => {
  const said = tests
    .filter(({ outcome }) => outcome !== 'no-abi')
    .map((test) => `${test.abi} ${test.outcome}`)
    .join(', ');
  const hint = hintOf(tests);
  const found = said === '' ? 'could not be tested: no test process runs here' : said;
  return [
    hint === 'kept'
      ? ok('hint', 'the name [vdso]', `goes along with a moved vDSO (${found})`)
      : warn(
          'hint',
          'the name [vdso]',
          hint === 'lost' ? `is lost or gained by others (${found})` : found,
          'see vdsowatch hint',
        ),
    sealedCheck(tests),
  ];
};

/** CONFIG_MSEAL_SYSTEM_MAPPINGS (6.15) excludes CHECKPOINT_RESTORE: no CRIU, and nothing can move. */
const sealedCheck = (tests: readonly MremapTest[]): Check => {
  if (tests.some(({ outcome }) => outcome === 'sealed'))
    return warn(
      'sealed',
      'sealed mappings',
      'the kernel seals every vDSO: none can move, and CRIU cannot run',
      'boot a kernel without CONFIG_MSEAL_SYSTEM_MAPPINGS',
    );
  return ok('sealed', 'sealed mappings', tests.some(isMeasured) ? 'none: a fresh vDSO can move' : 'not tested');
};
