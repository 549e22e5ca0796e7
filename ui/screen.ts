import blessed from 'blessed';
import type { Size } from './geometry.js';
import { keyByKey } from './key-by-key.js';
import type { Key } from './keys.js';
import type { Input, Output, Terminal } from './terminal.js';

/**
 * The terminal in alternate-screen mode. The only file that knows blessed, of which it uses the screen and boxes of one
 * line: blessed sees finished lines, compares them with what is on the terminal and writes the difference.
 */
export interface Screen {
  readonly size: () => Size;
  /** Shows these lines; writes nothing when they are the ones already shown. */
  readonly paint: (lines: readonly string[]) => void;
  /** Forgets what is on the terminal, so that the next paint draws everything. */
  readonly forget: () => void;
  /** Gives the terminal back, keeps the screen: for suspending. */
  readonly leave: () => void;
  readonly enter: () => void;
  /** Gives the terminal back for good. May be called twice, and while a signal is being handled. */
  readonly close: () => void;
}

export interface ScreenHandlers {
  readonly key: (key: Key) => void;
  readonly resize: () => void;
}

export const openScreen = (input: Input, output: Output, terminal: Terminal, handlers: ScreenHandlers): Screen => {
  // A serial console says 0x0; blessed would make that 1x1.
  if (!output.columns || !output.rows) Object.assign(output, { columns: 80, rows: 24 });
  const screen = construct(input, output, terminal);
  const { program } = screen;
  const keysTogether = keyByKey(input);
  // One box a line: only lines that changed are parsed and put into cells again, which is what costs in blessed.
  const boxes: blessed.Widgets.BoxElement[] = [];
  let shown: readonly string[] = [];
  let open = true;
  let entered = true;

  const repaint = (lines: readonly string[]): void => {
    for (let top = boxes.length; top < lines.length; top += 1) {
      boxes.push(blessed.box({ parent: screen, top, left: 0, width: '100%', height: 1, tags: false, wrap: false }));
    }
    for (const box of boxes.splice(lines.length)) box.destroy();
    for (const [top, box] of boxes.entries()) {
      const line = lines[top];
      if (line === undefined || line === shown[top]) continue;
      box.setContent(line);
      box.render();
    }
    screen.draw(0, lines.length - 1);
    shown = lines;
  };

  screen.on('resize', () => {
    shown = [];
    handlers.resize();
  });
  screen.on('keypress', (character: string | undefined, key: { full?: string; name?: string }) => {
    const pressed = keyOf(character, key);
    if (pressed !== undefined) handlers.key(pressed);
  });

  const leave = (): void => {
    if (!entered) return;
    entered = false;
    // Raw mode last: what is typed meanwhile must not be echoed onto our screen.
    screen.leave();
    input.setRawMode?.(false);
  };

  return {
    size: () => ({ cols: program.cols, rows: program.rows }),
    paint: (lines) => {
      if (open && entered && !same(lines, shown)) repaint(lines);
    },
    forget: () => {
      if (!open || !entered) return;
      shown = [];
      screen.realloc();
    },
    leave,
    enter: () => {
      if (!open || entered) return;
      entered = true;
      input.setRawMode?.(true);
      screen.enter();
      shown = [];
    },
    close: () => {
      if (!open) return;
      open = false;
      leave();
      keysTogether();
      screen.destroy();
    },
  };
};

/** Methods of blessed's screen (lib/widgets/screen.js) that @types/blessed does not know. */
interface Alternating {
  enter(): void;
  leave(): void;
}

const alternating = (screen: object): screen is Alternating => 'enter' in screen && 'leave' in screen;

/**
 * blessed reads the environment while it constructs a screen: line drawing by alternate character set is turned off
 * where the terminal speaks UTF-8 (it would be copied from the screen as letters), and tmux, which it would run to
 * ask for its version, is hidden. That is undone at once, and what it prints about terminfo entries that it cannot
 * compile (it then takes its own) is dropped. Its signal handlers go: they would end the process with status 0.
 */
const construct = (input: Input, output: Output, { name, theme }: Terminal): blessed.Widgets.Screen & Alternating => {
  const before = new Map(CAUGHT.map((event) => [event, process.listeners(event)]));
  const { error } = console;
  console.error = () => {};
  try {
    const changes = { NCURSES_NO_UTF8_ACS: theme.unicode ? '1' : process.env['NCURSES_NO_UTF8_ACS'], TMUX: undefined };
    const screen = withEnvironment(changes, () =>
      blessed.screen({
        input,
        output,
        terminal: name,
        forceUnicode: theme.unicode,
        fullUnicode: theme.unicode,
        smartCSR: false,
        warnings: false,
      }),
    );
    if (!alternating(screen)) throw new Error('blessed is not version 0.1.81');
    return screen;
  } finally {
    console.error = error;
    for (const [event, listeners] of before) {
      for (const listener of process.listeners(event)) {
        if (!listeners.includes(listener)) process.removeListener(event, listener);
      }
    }
  }
};

const CAUGHT = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

const withEnvironment = <T>(changes: Readonly<Record<string, string | undefined>>, run: () => T): T => {
  const before = new Map(Object.keys(changes).map((name) => [name, process.env[name]]));
  const apply = (values: Iterable<readonly [string, string | undefined]>): void => {
    for (const [name, value] of values) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  apply(Object.entries(changes));
  try {
    return run();
  } finally {
    apply(before);
  }
};

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index]);

/** blessed names a capital "S-g" and sends Return twice, as "enter" and as "return". */
const keyOf = (character: string | undefined, key: { full?: string; name?: string }): Key | undefined => {
  if (key.full === 'return') return undefined;
  if (key.full === 'linefeed') return { name: 'enter', text: undefined };
  if (character !== undefined && /^[!-~]$/.test(character)) return { name: character, text: character };
  if (key.full === 'space') return { name: 'space', text: ' ' };
  if (key.full !== undefined && key.full !== 'undefined' && key.name !== undefined) {
    return { name: key.full, text: undefined };
  }
  // Letters beyond ASCII come without a name.
  return character !== undefined && character >= '\u00a0' ? { name: character, text: character } : undefined;
};
