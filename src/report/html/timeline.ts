import type { HistoryLine } from '../../model/state.js';
import { html, joined, type Markup } from './markup.js';

const WIDTH = 800;
const HEIGHT = 36;
/** More dots than this on one line cannot be told apart; the list below it stays complete up to its own bound. */
const MOST_LINES = 500;

/** What happened to one process, as dots on a line and as a list; times in seconds since its first line. */
export const timeline = (history: readonly HistoryLine[]): Markup => {
  const lines = history.slice(-MOST_LINES);
  const first = lines[0];
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return html`<p class="quiet">Nothing was seen to happen to it.</p>`;
  const span = Number(last.at - first.at) || 1;
  const dots = lines.map((line) => {
    const x = 10 + (Number(line.at - first.at) / span) * (WIDTH - 20);
    const title = `${seconds(line.at - first.at)} s: ${line.text}`;
    return html`<circle cx="${x.toFixed(1)}" cy="${HEIGHT / 2}" r="5" class="${line.severity}"><title>${title}</title></circle>`;
  });
  const rows = lines.map(
    (line) => html`<tr class="${line.severity}"><td>${seconds(line.at - first.at)}</td><td>${line.text}</td></tr>`,
  );
  const left = history.length - lines.length;
  const note = left > 0 ? html`<p class="quiet">${left} earlier lines are not shown.</p>` : html``;
  return html`<svg class="timeline" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="time line">
<line x1="10" x2="${WIDTH - 10}" y1="${HEIGHT / 2}" y2="${HEIGHT / 2}"/>${joined(dots)}</svg>${note}
<table><thead><tr><th>s</th><th>what happened</th></tr></thead><tbody>${joined(rows)}</tbody></table>`;
};

const seconds = (ns: bigint): string => (Number(ns / 1000n) / 1e6).toFixed(6);
