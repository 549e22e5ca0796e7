import { cellWidth, cutLeft, guard } from './cells.js';
import { type Action, offered } from './keys.js';
import { type Canvas, ends, fits, line, type Span, span } from './line.js';
import { glyphs, type Theme } from './theme.js';
import type { Prompt, ViewState } from './view.js';
import { severityMark, severityStyle } from './words.js';

/** The last line: what is being typed, else what has just happened, else the keys that work now. */
export const footerLine = (view: ViewState, position: string, canvas: Canvas): string => {
  const right = position === '' ? [] : [span(`${position} `, 'dim')];
  if (view.prompt !== undefined) return line(promptSpans(view.prompt, canvas), canvas);
  if (view.message !== undefined) {
    const { severity, text } = view.message;
    const said = [span(severityMark(severity).text, severityStyle(severity)), span(` ${text}`)];
    return fits(said, right, canvas) ? ends(said, right, canvas) : line(said, canvas);
  }
  return ends(keySpans(view, { ...canvas, width: canvas.width - position.length - 2 }), right, canvas, 0.2);
};

const PROMPTS: Record<Prompt['kind'], string> = {
  filter: '/',
  save: 'save recording as: ',
  seek: 'go to +12.5, 15:04:05 (UTC) or a second of the boot clock: ',
};

/** What is typed last is always to be seen; what the keys do, where there is room for it. */
const promptSpans = ({ kind, text }: Prompt, canvas: Canvas): readonly Span[] => {
  const { width, theme } = canvas;
  const lead = ` ${PROMPTS[kind]}`;
  const room = Math.max(Math.min(MUST_SEE, width - 1), width - cellWidth(lead) - 1);
  const typed = cutLeft(guard(text, theme.unicode), room, glyphs(theme).ellipsis);
  const asked = lead.slice(0, Math.max(0, width - cellWidth(typed) - 1));
  const spans = [span(asked, 'key'), span(typed), span(' ', 'selected')];
  const hint = span(kind === 'filter' ? '  Enter keeps it, Esc drops it' : '  Enter, Esc to leave', 'dim');
  return fits(spans, [hint], canvas) ? [...spans, hint] : spans;
};

const MUST_SEE = 16;

/** As many of the keys as fit whole; the last two (help, quit) always first in line for the room. */
const keySpans = (view: ViewState, { width, theme }: Canvas): readonly Span[] => {
  const words = keyWords(view, theme);
  const must = words.slice(-2);
  const room = width - must.reduce((sum, word) => sum + wordWidth(word), 0);
  const shown: KeyWord[] = [];
  let used = 0;
  for (const word of words.slice(0, -2)) {
    if (used + wordWidth(word) > room) break;
    shown.push(word);
    used += wordWidth(word);
  }
  return [...shown, ...must].flatMap(({ label, short }) => [span(` ${label}`, 'key'), span(` ${short} `, 'dim')]);
};

interface KeyWord {
  readonly label: string;
  readonly short: string;
}

/** A page that only scrolls needs few keys; help is itself the place for the others. */
const keyWords = (view: ViewState, theme: Theme): readonly KeyWord[] => {
  const { arrows } = glyphs(theme);
  const back = { label: 'Esc', short: 'back' };
  if (view.page !== 'processes') return [{ label: arrows, short: 'scroll' }, back, { label: 'q', short: 'quit' }];
  const listed = offered(view)
    .filter(({ short, action }) => short !== undefined && (action !== 'back' || isOpen(view)) && works(action, view))
    .map(({ label, short, action }) => ({ label, short: action === 'detail' ? ENTER[view.detail] : (short ?? '') }));
  const scrolls = view.events === 'full' || view.detail === 'full';
  const paging = !scrolls && view.detail === 'open' ? [{ label: 'PgDn', short: 'scroll' }] : [];
  return [{ label: arrows, short: scrolls ? 'scroll' : 'move' }, ...paging, ...listed];
};

const ENTER: Record<ViewState['detail'], string> = { closed: 'detail', open: 'full', full: 'split' };

/** The events over the whole screen have no detail and no order of their own. */
const works = (action: Action, view: ViewState): boolean =>
  view.events !== 'full' || (action !== 'detail' && action !== 'sort');

const wordWidth = ({ label, short }: KeyWord): number => cellWidth(label) + cellWidth(short) + 3;

const isOpen = (view: ViewState): boolean =>
  view.detail !== 'closed' || view.events === 'full' || view.filter !== '' || view.onlyFindings;
