import type { StoryLine } from '../../model/chapter.js';
import { timeOfDay } from '../../text/time-of-day.js';
import { html, joined, type Markup } from './markup.js';

const WIDTH = 800;
const HEIGHT = 44;
const MARGIN = 12;
/** More dots than this on one line cannot be told apart; the list below it stays complete up to its own bound. */
const MOST_LINES = 500;

/** What happened to one process: as dots on a line, where there are times, and as a list. */
export const timeline = (story: readonly StoryLine[]): Markup => {
  const lines = story.slice(-MOST_LINES);
  const left = story.length - lines.length;
  const note = left > 0 ? html`<p class="quiet">${left} earlier lines are not shown.</p>` : html``;
  const rows = lines.map(
    ({ time, who, text, severity }) =>
      html`<tr class="${severity}"><td>${time === undefined ? '' : timeOfDay(time, 0n)}</td><td>${who}</td><td>${text}</td></tr>`,
  );
  return html`${drawing(lines)}${note}
<table class="story"><thead><tr><th>UTC</th><th>who</th><th>what happened</th></tr></thead><tbody>${joined(rows)}</tbody></table>`;
};

const drawing = (lines: readonly StoryLine[]): Markup => {
  const timed = lines.flatMap((line) => (line.time === undefined ? [] : [{ ...line, time: line.time }]));
  const first = timed.reduce<bigint | undefined>(
    (least, { time }) => (least === undefined || time < least ? time : least),
    undefined,
  );
  const last = timed.reduce<bigint | undefined>(
    (most, { time }) => (most === undefined || time > most ? time : most),
    undefined,
  );
  if (first === undefined || last === undefined || first === last) return html``;
  const span = Number(last - first);
  const place = (time: bigint): string => (MARGIN + (Number(time - first) / span) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const dots = [...timed]
    .sort((one, other) => RANK[one.severity] - RANK[other.severity])
    .map(
      ({ time, text, severity }) =>
        html`<circle cx="${place(time)}" cy="14" r="5" class="${severity}"><title>${timeOfDay(time, 0n)} ${text}</title></circle>`,
    );
  const ends = [
    html`<text x="${MARGIN - 6}" y="38">${timeOfDay(first, 0n)}</text>`,
    html`<text x="${WIDTH - MARGIN + 6}" y="38" text-anchor="end">${timeOfDay(last, 0n)} (${seconds(last - first)} s)</text>`,
  ];
  return html`<svg class="timeline" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="time line">
<line x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="14" y2="14"/>${joined(dots)}${joined(ends)}</svg>`;
};

/** What is loud is drawn last, above the rest. */
const RANK = { info: 0, warning: 1, error: 2 } as const;

const seconds = (ns: bigint): string => (Number(ns / 1_000_000n) / 1e3).toFixed(3);
