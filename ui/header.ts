import type { WatchState } from '../src/model/state.js';
import { columnOf } from './columns.js';
import type { Geometry } from './geometry.js';
import { type Canvas, ends, fits, line, type Span, span } from './line.js';
import type { Listing } from './listing.js';
import { place } from './place.js';
import { glyphs, type Style, type Theme } from './theme.js';
import type { ViewState } from './view.js';
import { countWord, plural } from './words.js';

/** As many lines as the shape has for it: who and how; then how many, how fast, what was lost and what it costs. */
export const headerLines = (
  state: WatchState,
  view: ViewState,
  listing: Listing,
  shape: Geometry,
  canvas: Canvas,
): readonly string[] => {
  const { theme } = canvas;
  const height = shape.header;
  if (height <= 0) return [];
  const first = ends(hostSpans(state), tracerSpans(state, view, height > 1), canvas, 0.7);
  const counts = countSpans(state, listing, theme);
  const all = viewSpans(view, listing, shape, theme);
  // What vdsowatch costs is the first thing to go when room is short.
  const chosen = fits(counts, all, canvas) ? all : viewSpans({ ...view, own: undefined }, listing, shape, theme);
  const second = ends(counts, chosen, canvas, 0.7);
  return [first, second].slice(0, height);
};

/** The first of the tracer's notes; the help page has all of them. */
export const noteLine = (state: WatchState, canvas: Canvas): string => {
  const [first, ...others] = state.tracer.notes;
  const more = others.length === 0 ? [] : [span(`  +${others.length}, ? shows all`, 'dim')];
  return ends([span(' '), span('note ', 'accent'), span(first ?? '')], more, canvas);
};

const hostSpans = ({ host }: WatchState): readonly Span[] => [
  span(' vdsowatch', 'title'),
  span(`  ${host.name}`),
  span(`  ${host.release} ${host.machine}`, 'dim'),
  ...(host.privileged ? [] : [span('  not root', 'warning')]),
];

const MODE_STYLE: Record<WatchState['tracer']['mode'], Style> = {
  ebpf: 'good',
  starting: 'accent',
  polling: 'warning',
  replay: 'accent',
};

const tracerSpans = ({ tracer, counters }: WatchState, view: ViewState, more: boolean): readonly Span[] => {
  // "polling: bpftrace not found" says its mode itself.
  const told = tracer.text.startsWith(tracer.mode);
  const text = told ? tracer.text.slice(tracer.mode.length) : tracer.text === '' ? '' : ` ${tracer.text}`;
  const replay = tracer.mode === 'replay' ? [span(view.replay.paused ? ' paused' : ` x${view.replay.speed}`)] : [];
  const loss = more || counters.lost === 0n ? [] : [span(' LOST ', 'loud'), span(' ')];
  return [...loss, span(tracer.mode, MODE_STYLE[tracer.mode]), ...replay, span(`${text} `)];
};

const countSpans = ({ counters, tracer }: WatchState, listing: Listing, theme: Theme): readonly Span[] => {
  const dot = span(` ${glyphs(theme).dot} `, 'dim');
  const { lost, gaps } = counters;
  const loud = lost > 0n ? [span(` LOST ${countWord(lost)} `, 'loud'), ...gapSpans(gaps, ' in '), dot] : [];
  return [
    span(' '),
    ...loud,
    span(plural(listing.alive, 'process', 'processes')),
    dot,
    ...findingSpans(listing, counters.sweeps === 0 && tracer.mode !== 'replay', dot),
    dot,
    span(`${rateWord(counters.rate)} events/s`),
    ...(lost > 0n ? [] : [dot, span('lost 0', 'dim'), ...gapSpans(gaps, ', ')]),
  ];
};

/** A gap without known loss (the tracer was started again) is said, not shouted: everything has been read again. */
const gapSpans = (gaps: number, before: string): readonly Span[] =>
  gaps === 0 ? [] : [span(before, 'dim'), span(plural(gaps, 'gap'), 'warning')];

/** `reading`: not all processes have been looked at. A recording may be of some, and tell of no census. */
const findingSpans = ({ errors, warnings }: Listing, reading: boolean, dot: Span): readonly Span[] => {
  const parts = [
    ...(errors > 0 ? [span(plural(errors, 'error'), 'error')] : []),
    ...(warnings > 0 ? [span(plural(warnings, 'warning'), 'warning')] : []),
    ...(reading ? [span('still reading', 'accent')] : []),
  ];
  if (parts.length === 0) return [span('no errors', 'good')];
  return parts.flatMap((part, index) => (index === 0 ? [part] : [dot, part]));
};

const rateWord = (rate: number): string => (rate >= 10 || rate === 0 ? countWord(Math.round(rate)) : rate.toFixed(1));

const viewSpans = (view: ViewState, listing: Listing, shape: Geometry, theme: Theme): readonly Span[] => {
  const dot = span(` ${glyphs(theme).dot} `, 'dim');
  const narrowed = view.filter !== '' || view.onlyFindings;
  const parts: Span[][] = [];
  if (view.frozen) parts.push([span(' FROZEN ', 'loud')]);
  if (view.ended) parts.push([span('ended', 'warning')]);
  if (narrowed) {
    const what = [view.onlyFindings ? 'findings only' : '', view.filter === '' ? '' : `/${view.filter}`];
    parts.push([
      span(`${what.filter((word) => word !== '').join(' ')} `, 'accent'),
      span(`${countWord(listing.rows.length)} of ${countWord(listing.alive + listing.exited)}`),
    ]);
  }
  // Sorted by it in a wider terminal, or before a detail took its place: its title would show the direction.
  const sorted = columnOf(view.sort.column);
  if (
    shape.titles > 0 &&
    sorted !== undefined &&
    !place(shape.tableCols, view.can.foretell === true).some(({ column }) => column === sorted)
  )
    parts.push([span('by ', 'dim'), span(sorted.title.toLowerCase())]);
  if (view.own !== undefined) {
    parts.push([span(`cpu ${view.own.cpu.toFixed(1)}% ${Math.round(view.own.rss / 1_048_576)}M`, 'dim')]);
  }
  const spans = parts.flatMap((part, index) => (index === 0 ? part : [dot, ...part]));
  return spans.length === 0 ? [] : [...spans, span(' ')];
};

/** A line that says what to do when there is nothing to list. */
export const emptyLine = (view: ViewState, state: WatchState, canvas: Canvas): string => {
  const text =
    state.processes.size === 0
      ? state.tracer.mode === 'starting'
        ? 'reading /proc ...'
        : 'no process seen yet'
      : `${noneOf(view)} (Esc shows all)`;
  return line([span('  '), span(text, 'dim')], canvas);
};

const noneOf = ({ onlyFindings, filter }: ViewState): string => {
  if (!onlyFindings) return `no process matches /${filter}`;
  return filter === '' ? 'no process has findings' : `no process with findings matches /${filter}`;
};
