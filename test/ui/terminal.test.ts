import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminalOf } from '../../ui/terminal.js';

test('every modern emulator is driven as xterm-256color, whose entry blessed brings along', () => {
  for (const TERM of [
    'xterm-256color',
    'screen-256color',
    'tmux-256color',
    'alacritty',
    'xterm-kitty',
    'xterm-ghostty',
    'foot',
    'xterm',
  ]) {
    assert.equal(terminalOf({ TERM }).name, 'xterm-256color');
    assert.equal(terminalOf({ TERM }).theme.depth, 256);
  }
});

test('old terminals keep their name and have the colours they have', () => {
  assert.deepEqual(terminalOf({ TERM: 'linux', LANG: 'C.UTF-8' }), {
    name: 'linux',
    theme: { depth: 8, attributes: true, unicode: true },
  });
  assert.equal(terminalOf({ TERM: 'linux-16color' }).name, 'linux-16color');
  assert.equal(terminalOf({ TERM: 'vt100' }).theme.depth, 0);
  assert.equal(terminalOf({ TERM: 'ansi' }).theme.depth, 8);
});

test('NO_COLOR, when it is not empty, leaves bold and inverse', () => {
  assert.deepEqual(terminalOf({ TERM: 'xterm', NO_COLOR: '1' }).theme, { depth: 0, attributes: true, unicode: true });
  assert.equal(terminalOf({ TERM: 'xterm', NO_COLOR: '' }).theme.depth, 256);
});

test('the locale decides about Unicode, in the order of POSIX; none set: as modern emulators do', () => {
  const unicode = (environment: Record<string, string>): boolean =>
    terminalOf({ TERM: 'xterm', ...environment }).theme.unicode;
  assert.ok(unicode({}));
  assert.ok(unicode({ LANG: '' }));
  assert.ok(unicode({ LANG: 'de_DE.utf8' }));
  assert.ok(!unicode({ LANG: 'C' }));
  assert.ok(!unicode({ LANG: 'C.UTF-8', LC_ALL: 'POSIX' }));
  assert.ok(unicode({ LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }));
  assert.ok(!terminalOf({ TERM: 'vt100' }).theme.unicode);
});
