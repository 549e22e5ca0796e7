import type { Evidence } from '../model/evidence.js';
import type { PolicyVerdict, Verdict } from '../model/verdict.js';
import { isVdsoNamed } from '../model/vma.js';
import type { JudgeContext } from './context.js';

/**
 * What is true of one address space. Pure: the same evidence and context give the same verdict, in whatever order
 * the VMAs were found. What the evidence does not say stays undefined (facts of the kernel: its naming eras,
 * fs/proc/task_mmu.c get_vma_name, arch/x86 arch_vma_name before 3.16).
 */
export const judge = (evidence: Evidence, _context: JudgeContext = {}): Verdict => {
  const named = evidence.vmas?.filter(isVdsoNamed) ?? [];
  return {
    vdso: undefined,
    hint: undefined,
    mappings: named.map((vma) => ({
      start: vma.start,
      end: vma.end,
      name: vma.name,
      class: 'genuine',
      confidence: 'unknown',
      evidence: ['maps: named [vdso]'],
    })),
    findings: [],
    policies: { hint: UNDECIDED, pfn: UNDECIDED, symtable: UNDECIDED },
    confidence: 'unknown',
    abi: undefined,
    applicable: true,
  };
};

const UNDECIDED: PolicyVerdict = { decision: undefined, right: undefined, why: 'not judged', criuMessages: [] };
