import { machine, release } from 'node:os';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import type { HintFacts } from './examine.js';
import { isMeasured, type MremapTest } from './mremap-test.js';
import type { PolicyCount } from './policy-count.js';
import { HINT, type HintReport } from './schema.js';

/** The machine form: "vdsowatch/hint/1". */
export const hintReport = (facts: HintFacts): HintReport => ({
  schema: HINT,
  release: facts.host.host.release ?? release(),
  machine: facts.host.host.machine ?? machine(),
  tests: facts.tests.map(testReport),
  hint: facts.hint,
  criu: facts.eras.map(({ versions, starts = null, native, compat = null, why }) => ({
    versions,
    starts,
    native,
    compat,
    why,
  })),
  processes: {
    readable: facts.readable,
    unreadable: facts.unreadable,
    checks: {
      hint: countReport(facts.policies.hint),
      pfn: countReport(facts.policies.pfn),
      symtable: countReport(facts.policies.symtable),
    },
  },
  saved: facts.cost === undefined ? null : { ...facts.cost, nanoseconds: String(facts.cost.nanoseconds) },
});

const testReport = (test: MremapTest): HintReport['tests'][number] =>
  isMeasured(test)
    ? { ...test, why: null, from: hex(test.from), to: hex(test.to), evidence: [...test.evidence] }
    : {
        ...test,
        from: null,
        to: null,
        nameFollowed: null,
        strangerNamed: null,
        criuSaysReliable: null,
        evidence: [],
      };

const countReport = (count: PolicyCount) => ({
  ...count,
  wrongAbout: count.wrongAbout.map((one) => ({
    ...one,
    comm: printable(one.comm),
    criuMessages: [...one.criuMessages],
  })),
});
