import type { Told } from '../model/judged.js';
import type { Policies } from '../model/verdict.js';

/** How one of CRIU's checks does on the processes running now, against what is true of each. */
export interface PolicyCount {
  readonly right: number;
  readonly wrong: number;
  /** Processes of which it is not known what is true, or what the check would say. */
  readonly unknown: number;
  readonly wrongAbout: readonly WrongAbout[];
}

interface WrongAbout {
  readonly pid: number;
  /** Raw bytes as latin1: hostile. */
  readonly comm: string;
  readonly why: string;
  /** What CRIU prints while it goes wrong. */
  readonly criuMessages: readonly string[];
}

/** Counts over all processes that have memory and could be read. */
export const countPolicies = (judged: readonly Told[]): Readonly<Record<keyof Policies, PolicyCount>> => {
  const counted = judged.filter(({ verdict, evidence }) => verdict.applicable && evidence.vmas !== undefined);
  return { hint: count(counted, 'hint'), pfn: count(counted, 'pfn'), symtable: count(counted, 'symtable') };
};

const count = (judged: readonly Told[], policy: keyof Policies): PolicyCount => {
  const wrong = judged.filter(({ verdict }) => verdict.policies[policy].right === false);
  return {
    right: judged.filter(({ verdict }) => verdict.policies[policy].right === true).length,
    wrong: wrong.length,
    unknown: judged.filter(({ verdict }) => verdict.policies[policy].right === undefined).length,
    wrongAbout: wrong.map(({ evidence, verdict }) => ({
      pid: evidence.process.pid,
      comm: evidence.process.comm ?? '',
      why: verdict.policies[policy].why,
      criuMessages: verdict.policies[policy].criuMessages,
    })),
  };
};
