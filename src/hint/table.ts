import { columns } from '../report/table.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import type { HintFacts } from './examine.js';
import { isMeasured, type MremapTest } from './mremap-test.js';

/** What `hint` prints for a reader. */
export const hintText = (facts: HintFacts): string =>
  [testsText(facts), erasText(facts), checksText(facts), savedText(facts)].join('\n');

const testsText = ({ tests, hint }: HintFacts): string =>
  `The mremap test on this kernel: ${VERDICT[hint]}\n${columns(tests.flatMap(testRows))}`;

const VERDICT = {
  kept: 'the name [vdso] can be relied on',
  lost: 'the name [vdso] can NOT be relied on',
  unknown: 'it could not be run',
};

const testRows = (test: MremapTest): readonly (readonly string[])[] =>
  isMeasured(test)
    ? [
        [`  ${test.abi}`, test.outcome, `moved alone ${hex(test.from)} -> ${hex(test.to)}`],
        [
          '',
          '',
          `the name ${test.nameFollowed ? 'went along' : 'was LOST'}: ${test.evidence[0] ?? 'nothing is there'}`,
        ],
        [
          '',
          '',
          `memory put at the old address ${test.strangerNamed ? 'GAINED it' : 'did not get it'}: ${test.evidence[1] ?? 'nothing is there'}`,
        ],
      ]
    : [[`  ${test.abi}`, test.outcome, test.why]];

const erasText = ({ eras }: HintFacts): string =>
  `What a CRIU of each era would go by on this host, for its own ABI and for 32-bit tasks\n${columns([
    ['  CRIU', 'STARTS', 'NATIVE', '32-BIT', 'WHY'],
    ...eras.map((era) => [
      `  ${era.versions}`,
      era.starts === undefined ? '?' : era.starts ? 'yes' : 'no',
      era.native,
      era.compat ?? 'not dumped',
      era.why,
    ]),
  ])}`;

const checksText = ({ policies, readable, unreadable }: HintFacts): string => {
  const rows = (['hint', 'pfn', 'symtable'] as const).map((name) => {
    const { right, wrong, unknown } = policies[name];
    return [`  ${name}`, String(right), String(wrong), String(unknown)];
  });
  const wrong = policies.pfn.wrongAbout.map(({ pid, comm, why, criuMessages }) => [
    `  ${pid}`,
    printable(comm),
    criuMessages.length === 0 ? why : `CRIU prints: ${criuMessages.join('; ')}`,
  ]);
  const hidden = unreadable === 0 ? '' : `, ${unreadable} more could not be read`;
  return [
    `Each check on the ${readable} processes running now${hidden}`,
    columns([['  CHECK', 'RIGHT', 'WRONG', 'UNKNOWN'], ...rows]).trimEnd(),
    ...(wrong.length === 0 ? [] : [`The PFN check is wrong about:\n${columns(wrong).trimEnd()}`]),
    '',
  ].join('\n');
};

const savedText = ({ cost }: HintFacts): string => {
  if (cost === undefined)
    return 'What skipping the PFN check saves was not measured: no 64-bit test process runs here.\n';
  const micro = (nanoseconds: number): string => `${(nanoseconds / 1000).toFixed(1)} us`;
  const total = Number(cost.nanoseconds);
  const each = cost.processes === 0 ? 0 : total / cost.processes;
  return [
    'What skipping the PFN check saves, if all of them were dumped now',
    `  ${cost.systemCalls} system calls: open and close of ${cost.processes} pagemaps, pread for ${cost.candidates} candidates`,
    `  ${micro(total)} in all, ${micro(each)} a process (measured here, median of ${cost.rounds} rounds)`,
    '',
  ].join('\n');
};
