import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../../src/proc/place.js';
import { madeUpProc } from './made-up-proc.js';

const place = (cgroup: string, pids: string) =>
  placeOf(70, madeUpProc({ '/proc/70/cgroup': cgroup, '/proc/70/status': `Name:\tx\nNSpid:\t${pids}\n` }).files);

const ID = '8d7b8a0f8d7b8a0f';

test('the process of a container cannot be told from those of others: its group and its number there', () => {
  assert.equal(place(`0::/kubepods/burstable/pod0e8c/${ID}\n`, '70\t1'), `pid 1 in /kubepods/burstable/pod0e8c/${ID}`);
  assert.equal(
    place(`0::/machine.slice/libpod-${ID}.scope\n`, '70\t9\t1'),
    `pid 1 in /machine.slice/libpod-${ID}.scope`,
  );
  // Podman with --pid=host, a service: the number is the same everywhere.
  assert.equal(place('0::/system.slice/a.service\n', '70'), 'in /system.slice/a.service');
  assert.equal(place('0::/\n', '70\t1'), 'pid 1 in its namespace');
});

test('a process of the root group, or one that has gone, is said to be nowhere', () => {
  assert.equal(place('3:cpuset:/\n0::/\n', '70'), undefined);
  assert.equal(placeOf(70, madeUpProc({}).files), undefined);
});

test('hybrid hosts: runc is in all hierarchies, crun in the unified one, before v2 there is none of those', () => {
  assert.equal(place('4:memory:/above/c1\n1:name=systemd:/c1\n0::/c1\n', '70\t1'), 'pid 1 in /c1');
  assert.equal(place('4:memory:/\n1:name=systemd:/\n0::/c4\n', '70\t1'), 'pid 1 in /c4');
  assert.equal(place('4:memory:/docker/1\n3:cpuset:/\n1:name=systemd:/docker/1\n', '70\t1'), 'pid 1 in /docker/1');
  assert.equal(place('4:memory:/docker/1\n1:name=systemd:/\n0::/\n', '70\t1'), 'pid 1 in /docker/1');
});

test('the name of a group, which a container may choose, paints no terminal', () => {
  assert.equal(place('0::/a\x1b[2Jb\xff\n', '70'), 'in /a\\x1b[2Jb\\xff');
});
