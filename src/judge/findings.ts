import type { Finding } from '../model/verdict.js';
import { hex, hexRange } from '../text/hex.js';
import { finding } from './finding-codes.js';
import { mappingFindings } from './findings-mapping.js';
import { vdsoFindings } from './findings-vdso.js';
import type { Found } from './found.js';
import type { Space } from './space.js';

/** Everything worth telling about one address space, the worst first. */
export const findingsOf = (space: Space, found: Found): readonly Finding[] => {
  const all = [
    ...vdsoFindings(space, found),
    ...mappingFindings(space, found),
    ...uprobes(space),
    ...unclear(space, found),
    ...policyFindings(found),
  ];
  const order = ['error', 'warning', 'info'];
  return all
    .map((one, index) => ({ one, index }))
    .sort((a, b) => order.indexOf(a.one.severity) - order.indexOf(b.one.severity) || a.index - b.index)
    .map(({ one }) => one);
};

const uprobes = (space: Space): readonly Finding[] =>
  space.vmas
    .filter(({ name }) => name === '[uprobes]')
    .map((vma) =>
      finding('uprobes-left', {
        mapping: vma.start,
        text: `A tracer's uprobe was hit once: [uprobes] at ${hex(vma.start)} stays until exec, and a dump refuses it.`,
        evidence: [`maps: ${hexRange(vma.start, vma.end)} is named [uprobes]`],
        criuMessage: `PID ${space.evidence.process.pid} has uprobes vma. Consider using --allow-uprobes.`,
      }),
    );

const unclear = ({ naming }: Space, { undecided, judged, vdso }: Found): readonly Finding[] => {
  const open = undecided.filter(({ traits }) => traits.named);
  const named = [...open.map(({ traits }) => traits), ...judged.map(({ traits }) => traits).filter((one) => one.named)];
  // CRIU may take several mappings for the vDSO, and an image is no reading of maps.
  if (open.length > 0 && named.length > 1 && naming.rule !== 'claim') {
    const places = named.map(({ vma }) => hex(vma.start)).slice(0, 4);
    return [
      finding('torn-read', {
        mapping: named[0]?.vma.start,
        text: `maps shows ${named.length} mappings named [vdso] at once, which no process of this kernel has: ${places.join(', ')}.`,
        evidence: undecided.flatMap(({ evidence }) => evidence).slice(0, 8),
      }),
    ];
  }
  const [first] = undecided;
  if (vdso !== undefined || first === undefined) return [];
  const places = undecided.map(({ traits }) => hex(traits.vma.start)).slice(0, 4);
  return [
    finding('vdso-unclear', {
      mapping: first.traits.vma.start,
      text: `Which mapping is the vDSO cannot be told from this evidence; it may be ${places.join(' or ')}.`,
      evidence: undecided.flatMap(({ evidence }) => evidence).slice(0, 8),
    }),
  ];
};

const policyFindings = ({ policies, vdso, pieces, judged }: Found): readonly Finding[] => {
  const proxy = judged.find((one) => one.verdict.class === 'criu-proxy');
  /** The place that was to be taken. */
  const right = (decision: readonly bigint[]): string => {
    if (vdso === undefined) return '';
    if (vdso === null) return ', and there is none';
    if (proxy !== undefined) return `; the program calls the copy at ${hex(proxy.verdict.start)}`;
    return pieces.length > 1 && decision.length > 0
      ? `, which is ${pieces.length} mappings from ${hex(vdso.start)}`
      : `, which is at ${hex(vdso.start)}`;
  };
  const names = { hint: 'by name', pfn: 'by page frame', symtable: 'by symbol table' } as const;
  return (['hint', 'pfn', 'symtable'] as const).flatMap((name) => {
    const policy = policies[name];
    if (policy.right !== false || policy.decision === undefined) return [];
    const takes = policy.decision.length === 0 ? 'no mapping' : policy.decision.map(hex).join(' and ');
    return [
      finding(`${name}-policy-wrong`, {
        mapping: policy.decision[0] ?? vdso?.start,
        text: `CRIU's check ${names[name]} takes ${takes} for the vDSO${right(policy.decision)}.`,
        evidence: [`CRIU: ${policy.why}`],
        criuMessage: policy.criuMessages[0],
      }),
    ];
  });
};
