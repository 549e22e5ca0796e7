import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/judge/judge.js';
import type { Evidence } from '../../src/model/evidence.js';
import { sentence } from '../../src/model/failure.js';
import { unreadFailure } from '../../src/report/unread.js';
import { evidence } from '../ui/fixture.js';

const judged = (pid: number, more: Partial<Evidence> = {}) => {
  const one = evidence(pid, 'x', more);
  return { evidence: one, verdict: judge(one) };
};
const DENIED = { vmas: undefined, unread: [{ what: 'maps', why: 'denied', detail: 'EACCES' }] } as const;
const TORN = { vmas: undefined, unread: [{ what: 'maps', why: 'torn', detail: '' }] } as const;

test('who could not be read is said in one sentence, with why and what mends it', () => {
  const said = (...all: Parameters<typeof unreadFailure>[0]) => {
    const failure = unreadFailure(all);
    return failure && sentence(failure);
  };
  assert.equal(said(judged(1), judged(2)), undefined);
  assert.match(
    said(judged(1), judged(2, DENIED)) ?? '',
    /^Process 2 could not be read \(maps: not permitted\)\. Run as root/,
  );
  assert.match(
    said(judged(3, TORN)) ?? '',
    /^Process 3 could not be read \(maps: changed while it was read\)\. Try again\.$/,
  );
  const many = said(...[1, 2, 3, 4, 5, 6, 7].map((pid) => judged(pid, DENIED))) ?? '';
  assert.match(many, /^Processes 1, 2, 3, 4, 5 and 2 more could not be read/);
});
