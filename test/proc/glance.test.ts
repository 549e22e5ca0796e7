import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT_SYSINFO_EHDR } from '../../src/model/evidence.js';
import { type Sight, showsTheSame, sightOf } from '../../src/proc/glance.js';
import { readProcess } from '../../src/proc/process.js';
import { type Answer, auxvOf, block, FILE_LINE, madeUpProc, mapsLine, pagemapOf, statLine } from './made-up-proc.js';

const VDSO = 0x7f0d096d3000;
const CLEAN = 0xa000000000002861n;
const COPIED = 0x8100000000012345n;
const ABSENT = 0n;

/** Process 7 with these words in the pagemap of its vDSO. */
const machine = (stat: Answer, words: readonly bigint[], more: Readonly<Record<string, Answer>> = {}) => {
  const pages = new Map(words.map((word, page) => [VDSO / 4096 + page, word]));
  return madeUpProc(
    {
      '/proc/7/stat': stat,
      '/proc/7/maps': FILE_LINE + block(VDSO),
      '/proc/7/auxv': auxvOf([AT_SYSINFO_EHDR, VDSO], [6, 4096]),
      ...more,
    },
    { '/proc/7/pagemap': pagemapOf(pages) },
  );
};

const sighted = (stat: Answer, words: readonly bigint[]): Sight => {
  const sight = sightOf(readProcess(7, 'census', { proc: machine(stat, words).proc }), undefined);
  assert.ok(sight);
  return sight;
};

const sight = sighted(statLine(7), [CLEAN, ABSENT]);
const isSame = (stat: Answer, words: readonly bigint[]): boolean => showsTheSame(7, sight, machine(stat, words).proc);

describe('a glance', () => {
  test('at a process that sleeps on shows the same, and reads neither maps nor auxv', () => {
    const { proc, reads } = machine(statLine(7), [CLEAN, ABSENT]);
    assert.equal(showsTheSame(7, sight, proc), true);
    assert.deepEqual([...reads.keys()].sort(), ['/proc/7/pagemap', '/proc/7/stat']);
  });

  const differing: readonly (readonly [string, Answer, readonly bigint[]])[] = [
    ['a page that was written from outside', statLine(7), [COPIED, ABSENT]],
    ['a page that was written where none was', statLine(7), [CLEAN, COPIED]],
    ['a page that was touched', statLine(7), [CLEAN, CLEAN]],
    ['a vDSO that has gone from its place', statLine(7), [ABSENT, ABSENT]],
    ['a new name', statLine(7, 'renamed'), [CLEAN, ABSENT]],
    ['a new parent', statLine(7).replace(' S 1 ', ' S 2 '), [CLEAN, ABSENT]],
    ['that a debugger has stopped it', statLine(7, 'sleep', 't'), [CLEAN, ABSENT]],
    ['that its main thread has ended', statLine(7, 'sleep', 'Z'), [CLEAN, ABSENT]],
    ['another process of the same number', statLine(7, 'sleep', 'S', 4194560, 735), [CLEAN, ABSENT]],
    ['that it has ended', { code: 'ENOENT' }, [CLEAN, ABSENT]],
    ['what is no stat', 'nonsense', [CLEAN, ABSENT]],
  ];
  for (const [what, stat, words] of differing) test(`shows ${what}`, () => assert.equal(isSame(stat, words), false));

  test('shows the same of one that runs now', () =>
    assert.equal(isSame(statLine(7, 'sleep', 'R'), [CLEAN, ABSENT]), true));

  test('that is refused the pagemap has shown nothing', () => {
    const { proc } = madeUpProc({ '/proc/7/stat': statLine(7) });
    assert.equal(showsTheSame(7, sight, proc), false);
  });

  test('compares words whose array has been given up since', () => {
    const many = Array.from({ length: 20 }, (_, frame) => CLEAN + BigInt(frame) + 1n);
    for (const word of many) isSame(statLine(7), [word, ABSENT]);
    assert.equal(isSame(statLine(7), [CLEAN, ABSENT]), true);
    assert.equal(isSame(statLine(7), [CLEAN + 20n, ABSENT]), false);
  });
});

describe('what a glance is compared with', () => {
  test('stays the same object while it holds, for ten thousand of them are kept', () => {
    const again = readProcess(7, 'census', { proc: machine(statLine(7, 'sleep', 'R'), [CLEAN, ABSENT]).proc });
    assert.equal(sightOf(again, sight), sight);
    const touched = readProcess(7, 'census', { proc: machine(statLine(7), [CLEAN, CLEAN]).proc });
    assert.deepEqual([...(sightOf(touched, sight)?.words ?? [])], [CLEAN, CLEAN]);
  });

  const bare: readonly (readonly [string, Readonly<Record<string, Answer>>, readonly bigint[]])[] = [
    ['moved away', { '/proc/7/maps': FILE_LINE + mapsLine(VDSO + 0x10000, 2, 'r-xp', '[vdso]') }, [CLEAN, ABSENT]],
    ['modified', {}, [COPIED, ABSENT]],
    ['not readable', { '/proc/7/maps': { code: 'EACCES' } }, [CLEAN, ABSENT]],
    ['without memory', { '/proc/7/stat': statLine(7, 'kworker/0:1', 'I', 0x200040) }, [CLEAN, ABSENT]],
  ];
  for (const [what, more, words] of bare)
    test(`is not there for one that is ${what}`, () => {
      const { proc } = machine(statLine(7), words, more);
      assert.equal(sightOf(readProcess(7, 'census', { proc }), undefined), undefined);
    });

  test('is not there for an ordinary one of 32 bits, whose calls may go unheard', () => {
    const place = 0xf7fc7000;
    const auxv = new Uint8Array(new Uint32Array([33, place, 6, 4096, 3, 0x8048034, 0, 0]).buffer);
    const { proc } = madeUpProc(
      { '/proc/7/stat': statLine(7), '/proc/7/maps': block(place), '/proc/7/auxv': auxv },
      { '/proc/7/pagemap': pagemapOf(new Map([[place / 4096, CLEAN]])) },
    );
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.onlyBlock, true);
    assert.equal(sightOf(evidence, undefined), undefined);
  });
});
