import blessed from 'blessed';
import { changeOf } from './change.js';
import type { Size } from './geometry.js';
import { keyByKey } from './key-by-key.js';
import type { Key } from './keys.js';
import type { Input, Output, Terminal } from './terminal.js';

/**
 * The terminal in alternate-screen mode. The only file that knows blessed, which takes the terminal and gives it back,
 * knows its keys and its size. It sees finished lines; what differs from those on the terminal is written.
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

export const openScreen = (input: Input, output: Output, { name }: Terminal, handlers: ScreenHandlers): Screen => {
  // A serial console says 0x0; blessed would make that 1x1.
  if (!output.columns || !output.rows) Object.assign(output, { columns: 80, rows: 24 });
  const screen = construct(input, output, name);
  const { program } = screen;
  const keysTogether = keyByKey(input);
  let shown: readonly string[] = [];
  let open = true;
  let entered = true;

  /**
   * Not by boxes of blessed: to parse eight lines into cells and compare these was an eighth of what a screen of 10,000
   * processes cost.
   */
  const paint = (lines: readonly string[]): void => {
    const change = changeOf(shown, lines);
    shown = lines;
    if (change === '') return;
    // What blessed writes itself, to clear the screen, it holds back until the next turn.
    program.flush();
    program.write(change);
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
      if (open && entered) paint(lines);
    },
    forget: () => {
      if (!open || !entered) return;
      shown = [];
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
 * blessed looks at tmux's variable while it constructs a screen, and would run tmux to ask for its version: that is
 * hidden for so long. What it prints about terminfo entries that it cannot compile (it then takes its own) is dropped.
 * Its signal handlers go: they would end the process with status 0.
 */
const construct = (input: Input, output: Output, name: string): blessed.Widgets.Screen & Alternating => {
  const before = new Map(CAUGHT.map((event) => [event, process.listeners(event)]));
  const { error } = console;
  const tmux = process.env['TMUX'];
  console.error = () => {};
  delete process.env['TMUX'];
  try {
    const screen = blessed.screen({ input, output, terminal: name, smartCSR: false, warnings: false });
    if (!alternating(screen)) throw new Error('blessed is not version 0.1.81');
    // Nothing is drawn from the two copies that it keeps of every cell: 1 MB.
    const { program } = screen;
    return Object.assign(screen, { lines: [], olines: [], alloc: () => program.clear() });
  } finally {
    console.error = error;
    if (tmux !== undefined) process.env['TMUX'] = tmux;
    for (const [event, listeners] of before) {
      for (const listener of process.listeners(event)) {
        if (!listeners.includes(listener)) process.removeListener(event, listener);
      }
    }
  }
};

const CAUGHT = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

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
