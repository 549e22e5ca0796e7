import { mendWords } from '../src/judge/words.js';
import type { Finding, Policies, PolicyVerdict } from '../src/model/verdict.js';
import { type Canvas, line, paragraph, span } from './line.js';
import { severityMark, severityStyle } from './words.js';

/** Each finding: its code, where, what it means, what shows it, and what CRIU prints for it. */
export const findingLines = (findings: readonly Finding[], canvas: Canvas): readonly string[] =>
  findings.flatMap((finding) => {
    const mark = severityMark(finding.severity);
    const style = severityStyle(finding.severity);
    const where = finding.mapping === undefined ? [] : [span(`  ${finding.mapping.toString(16)}`, 'dim')];
    const indent = [span('     ')];
    const criu = finding.criuMessage;
    const mend = mendWords(finding);
    return [
      line([span(' '), { text: mark.text, style }, span('  '), { text: finding.code, style }, ...where], canvas),
      ...paragraph(indent, finding.text, canvas),
      ...finding.evidence.flatMap((sentence) => paragraph([span('     - ', 'dim')], sentence, canvas, 'dim')),
      ...(mend === undefined ? [] : paragraph([span('     to do: ', 'accent')], mend, canvas)),
      ...(criu === undefined ? [] : paragraph([span('     CRIU prints: ', 'accent')], criu, canvas)),
    ];
  });

/** What each of CRIU's checks would take for the vDSO here, and whether that is right. */
export const policyLines = (policies: Policies, canvas: Canvas): readonly string[] => [
  ...policyLine('hint', policies.hint, canvas),
  ...policyLine('pfn', policies.pfn, canvas),
  ...policyLine('symtable', policies.symtable, canvas),
];

const policyLine = (name: string, policy: PolicyVerdict, canvas: Canvas): readonly string[] => {
  const { decision, right, why, criuMessages } = policy;
  const takes =
    decision === undefined
      ? 'cannot decide'
      : decision.length === 0
        ? 'takes none'
        : `takes ${decision.map((address) => address.toString(16)).join(', ')}`;
  const judged =
    right === undefined ? span('truth unknown', 'dim') : right ? span('right', 'good') : span('wrong', 'error');
  return [
    line([span('  '), span(name.padEnd(9)), span(takes), span('  '), judged], canvas),
    ...(why === '' ? [] : paragraph([span('             ')], why, canvas, 'dim')),
    ...criuMessages.flatMap((message) => paragraph([span('             CRIU prints: ', 'accent')], message, canvas)),
  ];
};
