import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import xterm from '@xterm/headless';
import type { Size } from '../../ui/geometry.js';

/** A terminal without a window: what is written to `output` can be read as the lines a person would see. */
export interface Headless {
  readonly input: PassThrough & { isTTY: true; raw: boolean; setRawMode: (mode: boolean) => unknown };
  readonly output: PassThrough & { isTTY: true; columns: number; rows: number };
  /** Lines of the visible buffer, without blanks at the end. */
  readonly lines: () => Promise<readonly string[]>;
  readonly styleAt: (row: number, column: number) => { readonly inverse: boolean; readonly foreground: number };
  readonly cursorHidden: () => boolean;
  readonly alternate: () => boolean;
  /** Bytes written since it was last asked. */
  readonly written: () => string;
  readonly resize: (size: Size) => void;
  readonly press: (keys: string) => void;
}

export const headless = (size: Size): Headless => {
  const terminal = new xterm.Terminal({ cols: size.cols, rows: size.rows, allowProposedApi: true });
  let bytes = '';
  let hidden = false;
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, (parameters) => {
    if (parameters.includes(25)) hidden = true;
    return false;
  });
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'h' }, (parameters) => {
    if (parameters.includes(25)) hidden = false;
    return false;
  });
  const output = Object.assign(new PassThrough(), { isTTY: true as const, columns: size.cols, rows: size.rows });
  output.on('data', (chunk: Buffer) => {
    bytes += chunk.toString('utf8');
    terminal.write(chunk);
  });
  const input = Object.assign(new PassThrough(), {
    isTTY: true as const,
    raw: false,
    setRawMode(mode: boolean) {
      input.raw = mode;
      return input;
    },
  });
  /** blessed flushes and xterm parses in later turns of the event loop. */
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) await pause(2);
    await new Promise<void>((resolve) => terminal.write('', resolve));
  };
  return {
    input,
    output,
    lines: async () => {
      await settled();
      const { active } = terminal.buffer;
      return Array.from(
        { length: terminal.rows },
        (_, row) =>
          active
            .getLine(active.baseY + row)
            ?.translateToString(true)
            .trimEnd() ?? '',
      );
    },
    styleAt: (row, column) => {
      const cell = terminal.buffer.active.getLine(row)?.getCell(column);
      return { inverse: (cell?.isInverse() ?? 0) !== 0, foreground: cell?.getFgColor() ?? -1 };
    },
    cursorHidden: () => hidden,
    alternate: () => terminal.buffer.active.type === 'alternate',
    written: () => {
      const all = bytes;
      bytes = '';
      return all;
    },
    resize: ({ cols, rows }) => {
      terminal.resize(cols, rows);
      Object.assign(output, { columns: cols, rows });
      output.emit('resize');
    },
    press: (keys) => input.write(keys),
  };
};
