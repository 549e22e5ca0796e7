import type { PageSet } from '../src/judge/baseline.js';
import { pageSetWord } from '../src/judge/words.js';
import { type Canvas, line, paragraph, rule, type Span, span } from './line.js';
import { countWord, plural } from './words.js';

const FEW = 16;

export const pageSetRule = (canvas: Canvas): string =>
  rule([span('processes by the vDSO pages they map', 'title')], canvas);

/** One group after another: whose pages, which image, which frames, where, how many processes, and which. */
export const pageSetLines = (sets: readonly PageSet[], canvas: Canvas): readonly string[] => {
  if (sets.length === 0) {
    const why = 'No group: no process with clean vDSO pages in memory, or page frames cannot be read (root can).';
    return paragraph([span('  ')], why, canvas, 'dim');
  }
  return sets.flatMap((set) => [
    line([span(`  ${pageSetWord(set)}`, set.kind === 'host' ? 'good' : 'accent'), ...factSpans(set)], canvas),
    ...paragraph([span('    pids    ', 'dim')], pidsText(set.processes), canvas),
    line([], canvas),
  ]);
};

const factSpans = (set: PageSet): readonly Span[] => [
  span(`  ${set.image}`),
  span(`  ${plural(set.processes.length, 'process', 'processes')}`),
  span('  frames ', 'dim'),
  span(set.frames.map((frame) => (frame === undefined ? '?' : frame.toString(16))).join(' ')),
  ...(set.uts === undefined ? [] : [span('  uts ', 'dim'), span(String(set.uts))]),
];

const pidsText = (pids: readonly number[]): string => {
  const shown = pids.slice(0, FEW).join(' ');
  return pids.length > FEW ? `${shown} and ${countWord(pids.length - FEW)} more` : shown;
};
