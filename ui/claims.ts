import { mendWords } from '../src/judge/words.js';
import type { Finding, Policies, PolicyVerdict } from '../src/model/verdict.js';
import { line, paragraph, span } from './line.js';
import type { Theme } from './theme.js';
import { severityMark, severityStyle } from './words.js';

/** Each finding: its code, where, what it means, what shows it, and what CRIU prints for it. */
export const findingLines = (findings: readonly Finding[], width: number, theme: Theme): readonly string[] =>
  findings.flatMap((finding) => {
    const mark = severityMark(finding.severity);
    const style = severityStyle(finding.severity);
    const where = finding.mapping === undefined ? [] : [span(`  ${finding.mapping.toString(16)}`, 'dim')];
    const indent = [span('     ')];
    const criu = finding.criuMessage;
    const mend = mendWords(finding);
    return [
      line([span(' '), { text: mark.text, style }, span('  '), { text: finding.code, style }, ...where], width, theme),
      ...paragraph(indent, finding.text, width, theme),
      ...finding.evidence.flatMap((sentence) => paragraph([span('     - ', 'dim')], sentence, width, theme, 'dim')),
      ...(mend === undefined ? [] : paragraph([span('     to do: ', 'accent')], mend, width, theme)),
      ...(criu === undefined ? [] : paragraph([span('     CRIU prints: ', 'accent')], criu, width, theme)),
    ];
  });

/** What each of CRIU's checks would take for the vDSO here, and whether that is right. */
export const policyLines = (policies: Policies, width: number, theme: Theme): readonly string[] => [
  ...policyLine('hint', policies.hint, width, theme),
  ...policyLine('pfn', policies.pfn, width, theme),
  ...policyLine('symtable', policies.symtable, width, theme),
];

const policyLine = (name: string, policy: PolicyVerdict, width: number, theme: Theme): readonly string[] => {
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
    line([span('  '), span(name.padEnd(9)), span(takes), span('  '), judged], width, theme),
    ...(why === '' ? [] : paragraph([span('             ')], why, width, theme, 'dim')),
    ...criuMessages.flatMap((message) =>
      paragraph([span('             CRIU prints: ', 'accent')], message, width, theme),
    ),
  ];
};
