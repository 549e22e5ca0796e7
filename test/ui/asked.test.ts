import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Forecast } from '../../src/model/verdict.js';
import { rememberedForecasts, rememberedPlaces } from '../../ui/asked.js';
import { rowOf } from '../../ui/row.js';
import { evidence, type Made, made, NOW } from './fixture.js';

const TOLD: Forecast = { criu: '4.2', dump: 'ok', restore: 'in-place', loss: [], findings: [] };
const row = ({ process, space }: Made) => rowOf(process, space);

test('a process is read for its forecast once for each reading of the watch, not for each frame', () => {
  const asked: number[] = [];
  const forecastOf = rememberedForecasts(({ pid }) => {
    asked.push(pid);
    return TOLD;
  });
  const one = made({ pid: 9 });
  assert.equal(forecastOf(row(one)), TOLD);
  assert.equal(forecastOf(row({ ...one, space: { ...one.space, moves: 1 } })), TOLD);
  assert.deepEqual(asked, [9]);
  forecastOf(row({ ...one, space: { ...one.space, evidence: evidence(9, 'x') } }));
  assert.deepEqual(asked, [9, 9]);
});

test('nothing is read for a process that has exited, was not read, or has no memory', () => {
  const forecastOf = rememberedForecasts(() => assert.fail('asked'));
  assert.equal(forecastOf(row(made({ pid: 9, process: { exitedAt: NOW } }))), undefined);
  assert.equal(forecastOf(row(made({ pid: 9, verdict: { applicable: false } }))), undefined);
  assert.equal(forecastOf(row(made({ pid: 9, space: { evidence: undefined, verdict: undefined } }))), undefined);
  assert.equal(rememberedForecasts(undefined)(row(made({ pid: 9 }))), undefined);
});

test('where a process runs is read in every frame, of one that has ended, or not again after another reading', () => {
  const asked: number[] = [];
  const placeOf = rememberedPlaces((pid) => {
    asked.push(pid);
    return undefined;
  });
  const one = made({ pid: 9 });
  placeOf(row(one));
  placeOf(row({ ...one, space: { ...one.space, moves: 1 } }));
  placeOf(row(made({ pid: 8, process: { exitedAt: NOW } })));
  assert.deepEqual(asked, [9]);
  placeOf(row({ ...one, space: { ...one.space, evidence: evidence(9, 'x') } }));
  assert.deepEqual(asked, [9, 9]);
});

test('of two processes with one address space the second is told what the first was', () => {
  const placeOf = rememberedPlaces((pid) => `pid ${pid}`);
  const parent = made({ pid: 9 });
  const child = { ...parent, process: { ...parent.process, pid: 10 } };
  assert.equal(placeOf(row(parent)), 'pid 9');
  assert.equal(placeOf(row(child)), 'pid 10');
});
