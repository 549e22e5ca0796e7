import { goldenText } from '../golden.js';

/** Compares lines with test/golden/ui/NAME.txt. Each line ends with a mark, so that blanks at the end are seen and kept. */
export const golden = (name: string, lines: readonly string[]): void =>
  goldenText(`ui/${name}`, lines.map((line) => `${line.replaceAll('\x1b', '\\e')}|\n`).join(''));
