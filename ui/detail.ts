import { forecastWords } from '../src/judge/words.js';
import { isEverydayLife, type WatchState } from '../src/model/state.js';
import type { Forecast, Verdict } from '../src/model/verdict.js';
import { printable } from '../src/text/escape.js';
import { findingLines, policyLines } from './claims.js';
import { historyLines } from './events.js';
import { layoutLines } from './layout.js';
import { type Canvas, LONGEST, line, paragraph, rule, type Span, span } from './line.js';
import type { Listing } from './listing.js';
import { abiOf, commOf, hasExited, movesOf, type Row } from './row.js';
import type { Style } from './theme.js';
import {
  ageWord,
  hintWord,
  pagesWord,
  plural,
  rangeWord,
  sealedWord,
  severityStyle,
  stateWord,
  vvarWord,
  worst,
} from './words.js';

/** The rule over the detail: whose it is. */
export const detailRule = (row: Row | undefined, canvas: Canvas): string => {
  if (row === undefined) return rule([span('no process chosen', 'dim')], canvas);
  const { generation } = row.process;
  const moves = movesOf(row);
  const facts = [
    abiOf(row),
    ...(moves > 0 ? [plural(moves, 'move')] : []),
    ...(generation > 0 ? [`exec ${generation}`] : []),
    ...(hasExited(row) ? ['exited'] : []),
  ];
  return rule([span(`${row.process.pid} ${commOf(row)}`, 'title'), span(`  ${facts.join('  ')}`, 'dim')], canvas);
};

/** Everything known of one process, in as many lines as it takes. */
export const detailLines = (
  row: Row,
  forecast: Forecast | undefined,
  state: WatchState,
  listing: Listing,
  canvas: Canvas,
  place?: string,
): readonly string[] => {
  const { space, process } = row;
  const verdict = space?.verdict;
  const evidence = space?.evidence;
  const history = space?.history ?? [];
  // Who did it, without a page of layout before it.
  const newest = history.filter((entry) => !isEverydayLife(entry) && entry.finding === undefined).slice(-NEWEST);
  const head = (text: string): string => line([span(` ${text}`, 'title')], canvas);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [head(title), ...lines];
  const fact = (name: string, text: string, style?: Style): readonly string[] =>
    text === '' ? [] : paragraph([span(` ${name.padEnd(10)} `, 'dim')], text, canvas, style);

  return [
    ...(process.unreadable === undefined ? [] : fact('unreadable', process.unreadable, 'warning')),
    line([span(' vDSO       ', 'dim'), ...placeSpans(verdict, row)], canvas),
    ...qualityLines(verdict, canvas),
    ...forecastLines(forecast, canvas),
    ...section('findings', findingLines([...(verdict?.findings ?? []), ...(forecast?.findings ?? [])], canvas)),
    ...section('last events', historyLines(newest, canvas)),
    ...section('layout', layoutLines(evidence?.vmas, verdict?.mappings ?? [], canvas)),
    ...(verdict === undefined || !verdict.applicable
      ? []
      : section("CRIU's checks", policyLines(verdict.policies, canvas))),
    head('process'),
    ...fact('command', commandText(evidence?.process.cmdline ?? [])),
    ...fact('runs', place ?? ''),
    ...fact('parent', parentWord(state, process.parent)),
    ...fact('sharing', sharingText(row, listing, state)),
    ...fact('namespaces', [...(evidence?.namespaces ?? [])].map(([name, id]) => `${name} ${id}`).join('  ')),
    ...fact('frames', framesText(verdict)),
    ...fact('pointer', pointerText(evidence?.contextVdso)),
    ...fact('snapshot', snapshotText(evidence?.takenAt, state.now, space?.dirty === true)),
    ...(evidence?.unread ?? []).flatMap(({ what, why, detail }) =>
      fact('not read', `${what}: ${why}${detail === '' ? '' : `, ${detail}`}`),
    ),
    ...section('history', historyLines(history.length > newest.length ? history : [], canvas)),
  ];
};

const NEWEST = 3;

/** In the words of `check`; the findings that say why stand among the others. */
const forecastLines = (forecast: Forecast | undefined, canvas: Canvas): readonly string[] => {
  if (forecast === undefined) return [];
  const style = severityStyle(worst(forecast.findings)?.severity);
  return paragraph([span(' a dump     ', 'dim')], `CRIU ${forecast.criu}: ${forecastWords(forecast)}`, canvas, style);
};

const placeSpans = (verdict: Verdict | undefined, row: Row): readonly Span[] => {
  const vdso = verdict?.vdso;
  // What it was when it exited; that it has stands over the detail.
  const { text, style } = stateWord({ ...row.process, exitedAt: undefined }, row.space);
  const state: Span = { text, style };
  const sure = verdict === undefined ? [] : [span(`, ${verdict.confidence}`, 'dim')];
  if (vdso === undefined || vdso === null) return [state, ...sure];
  return [span(`${rangeWord(vdso.start, vdso.end)} ${vdso.permissions}  `), state, ...sure];
};

const qualityLines = (verdict: Verdict | undefined, canvas: Canvas): readonly string[] => {
  const vdso = verdict?.vdso;
  if (vdso === undefined || vdso === null) return [];
  const hint = hintWord(verdict);
  const vvar = vvarWord(verdict);
  const pages = pagesWord(verdict);
  const spans: readonly Span[] = [
    span('            name '),
    { text: hint.text, style: hint.style },
    span('  vvar '),
    { text: vvar.text, style: vvar.style },
    span('  '),
    { text: copiedText(vdso.modifiedPages) ?? `pages ${pages.text}`, style: pages.style },
    ...(vdso.image === undefined ? [] : [span(`  image ${vdso.image}`, 'dim')]),
    span(`  ${sealedWord(vdso.sealed)}`, 'dim'),
  ];
  return [line(spans, canvas)];
};

/** "page 0 copied": the column's "copied 0" may be read as a count. */
const copiedText = (pages: readonly number[] | undefined): string | undefined => {
  if (pages === undefined || pages.length === 0) return undefined;
  return `${pages.length === 1 ? 'page' : 'pages'} ${pages.join(',')} copied`;
};

/** As much of it as is shown: a process may have megabytes of arguments. */
const commandText = (words: readonly string[]): string => {
  const shown: string[] = [];
  let length = 0;
  for (const word of words) {
    if (length > LONGEST) break;
    shown.push(printable(word.slice(0, LONGEST)));
    length += word.length;
  }
  return shown.join(' ');
};

const parentWord = (state: WatchState, parent: number | undefined): string => {
  if (parent === undefined || parent === 0) return '';
  for (const process of state.processes.values()) {
    if (process.pid === parent && process.exitedAt === undefined) return `${parent} ${printable(process.comm)}`;
  }
  return String(parent);
};

const MANY = 12;

const sharingText = (row: Row, listing: Listing, state: WatchState): string => {
  const others = (listing.sharers.get(row.process.space) ?? []).filter((pid) => pid !== row.process.pid);
  if (others.length === 0) return '';
  const shown = new Set(others.slice(0, MANY));
  const named = [...state.processes.values()]
    .filter(({ pid, exitedAt }) => shown.has(pid) && exitedAt === undefined)
    .map(({ pid, comm }) => `${pid} ${printable(comm)}`);
  const more = others.length > MANY ? ` and ${others.length - MANY} more` : '';
  return `one address space with ${plural(others.length, 'other process', 'other processes')}: ${named.join(', ')}${more}`;
};

const framesText = (verdict: Verdict | undefined): string => {
  const frames = verdict?.vdso?.frames ?? [];
  if (frames.every((frame) => frame === undefined)) return '';
  return frames.map((frame) => (frame === undefined ? '?' : frame.toString(16))).join(' ');
};

const pointerText = (pointer: bigint | undefined): string =>
  pointer === undefined ? '' : `mm->context.vdso ${pointer.toString(16)}`;

const snapshotText = (takenAt: bigint | undefined, now: bigint, dirty: boolean): string => {
  const age = takenAt === undefined ? '' : ageWord(takenAt, now);
  const taken = age === '' ? '' : age === 'now' ? 'just taken' : `${age} old`;
  return [taken, dirty ? 'something newer has been seen: being read again' : '']
    .filter((part) => part !== '')
    .join('; ');
};
