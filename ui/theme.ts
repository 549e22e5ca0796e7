/** What the terminal can show. `depth` is the number of colours; 0 leaves bold and inverse (NO_COLOR, vt100). */
export interface Theme {
  readonly depth: 0 | 8 | 256;
  /** Bold, underline, inverse. Off only where frames are compared as plain text. */
  readonly attributes: boolean;
  readonly unicode: boolean;
}

export const PLAIN_THEME: Theme = { depth: 0, attributes: false, unicode: true };

/** Styles by meaning. No style carries anything that the words beside it do not say as well. */
export type Style = 'title' | 'dim' | 'error' | 'warning' | 'good' | 'accent' | 'selected' | 'loud' | 'key';

/** SGR parameters; only those that terminals of all ages know (bold, inverse, colours: no "faint"). */
const STYLES: Record<Style, { readonly attribute: string; readonly basic: string; readonly rich: string }> = {
  title: { attribute: '1', basic: '', rich: '' },
  // Grey 245 reads on dark and on light; with 8 colours there is no such grey, and black on black would vanish.
  dim: { attribute: '', basic: '', rich: '38;5;245' },
  error: { attribute: '1', basic: '31', rich: '31' },
  warning: { attribute: '', basic: '33', rich: '33' },
  good: { attribute: '', basic: '32', rich: '32' },
  accent: { attribute: '', basic: '36', rich: '36' },
  selected: { attribute: '7', basic: '', rich: '' },
  loud: { attribute: '1;7', basic: '31', rich: '31' },
  key: { attribute: '1', basic: '', rich: '' },
};

/** Turns every style off. */
export const RESET = '\x1b[m';

/** The escape sequence that turns a style on, from the reset state; "" when the theme shows nothing for it. */
export const sgr = (style: Style | undefined, theme: Theme): string => {
  if (style === undefined) return '';
  const { attribute, basic, rich } = STYLES[style];
  const colour = theme.depth === 256 ? rich : theme.depth === 8 ? basic : '';
  const codes = [theme.attributes ? attribute : '', colour].filter((code) => code !== '');
  return codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`;
};

export interface Glyphs {
  readonly ellipsis: string;
  readonly rule: string;
  readonly bar: string;
  readonly marker: string;
  readonly dot: string;
  readonly gap: string;
  readonly ascending: string;
  readonly descending: string;
  readonly top: string;
  readonly middle: string;
  readonly bottom: string;
  readonly single: string;
  readonly vertical: string;
  readonly arrows: string;
}

const UNICODE: Glyphs = {
  ellipsis: '…',
  rule: '─',
  bar: '│',
  marker: '►',
  dot: '·',
  gap: '⋮',
  ascending: '▲',
  descending: '▼',
  top: '┌',
  middle: '├',
  bottom: '└',
  single: '─',
  vertical: '│',
  arrows: '↑↓',
};

const ASCII: Glyphs = {
  ellipsis: '~',
  rule: '-',
  bar: '|',
  marker: '>',
  dot: '-',
  gap: ':',
  ascending: '^',
  descending: 'v',
  top: '.',
  middle: '+',
  bottom: "'",
  single: '-',
  vertical: '|',
  arrows: 'up/down',
};

export const glyphs = (theme: Theme): Glyphs => (theme.unicode ? UNICODE : ASCII);
