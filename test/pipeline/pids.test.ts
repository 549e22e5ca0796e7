import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pidResolver } from '../../src/pipeline/pids.js';
import { procFiles } from '../../src/proc/files.js';

/** A /proc of a folder: processes by our number, with the pid namespace they are in and their numbers, ours first. */
interface Listed {
  readonly pid: number | 'self';
  readonly namespace: number;
  readonly numbers: readonly number[];
  readonly tgid?: number;
}

const withProc = (
  processes: readonly Listed[],
  body: (resolve: ReturnType<typeof pidResolver>, root: string) => void,
): void => {
  const root = mkdtempSync(join(tmpdir(), 'vdsowatch-proc-'));
  try {
    for (const { pid, namespace, numbers, tgid } of processes) {
      mkdirSync(join(root, String(pid), 'ns'), { recursive: true });
      symlinkSync(`pid:[${namespace}]`, join(root, String(pid), 'ns', 'pid'));
      const status = `Name:\tx\nTgid:\t${tgid ?? pid}\nNSpid:\t${numbers.join('\t')}\n`;
      writeFileSync(join(root, String(pid), 'status'), status);
    }
    body(pidResolver(procFiles(root)), root);
  } finally {
    rmSync(root, { recursive: true });
  }
};

const HOST = 4026531836;
const self: Listed = { pid: 'self', namespace: HOST, numbers: [1] };

test('in our own namespace a number is a number', () => {
  withProc(
    [self, { pid: 10, namespace: HOST, numbers: [10] }, { pid: 20, namespace: HOST, numbers: [20] }],
    (resolve) => assert.equal(resolve(10, 20), 20),
  );
});

test('a thread is its process', () => {
  const thread: Listed = { pid: 21, namespace: HOST, numbers: [21], tgid: 20 };
  withProc([self, { pid: 10, namespace: HOST, numbers: [10] }, thread], (resolve) => assert.equal(resolve(10, 21), 20));
});

test('a number of another namespace is found there, not here', () => {
  withProc(
    [
      self,
      { pid: 5, namespace: HOST, numbers: [5] },
      { pid: 1000, namespace: 7, numbers: [1000, 2] },
      { pid: 1001, namespace: 7, numbers: [1001, 5] },
    ],
    (resolve) => assert.equal(resolve(1000, 5), 1001),
  );
});

test('of two namespaces of the same depth the writer’s own counts', () => {
  withProc(
    [
      self,
      { pid: 900, namespace: 8, numbers: [900, 5] },
      { pid: 1000, namespace: 7, numbers: [1000, 2] },
      { pid: 1001, namespace: 7, numbers: [1001, 5] },
    ],
    (resolve) => assert.equal(resolve(1000, 5), 1001),
  );
});

test('who has that number in another namespace of the same depth was not meant', () => {
  withProc(
    [self, { pid: 900, namespace: 8, numbers: [900, 5] }, { pid: 1000, namespace: 7, numbers: [1000, 2] }],
    (resolve) => assert.equal(resolve(1000, 5), undefined),
  );
});

test('a process in a namespace inside the writer’s has a number there too', () => {
  withProc(
    [self, { pid: 1000, namespace: 7, numbers: [1000, 2] }, { pid: 1002, namespace: 9, numbers: [1002, 6, 1] }],
    (resolve) => assert.equal(resolve(1000, 6), 1002),
  );
});

test('who is not there is not found', () => {
  withProc([self, { pid: 1000, namespace: 7, numbers: [1000, 2] }], (resolve) => {
    assert.equal(resolve(1000, 77), undefined);
  });
});

test('a writer and its victim that have both gone were in our namespace, most likely', () => {
  withProc([self], (resolve) => assert.equal(resolve(4242, 4343), 4343));
});

test('a writer of another namespace that has gone meant who was found while it lived', () => {
  const writer: Listed = { pid: 1000, namespace: 7, numbers: [1000, 2] };
  const here: Listed = { pid: 5, namespace: HOST, numbers: [5] };
  withProc([self, here, writer, { pid: 1001, namespace: 7, numbers: [1001, 5] }], (resolve, root) => {
    assert.equal(resolve(1000, 5), 1001);
    rmSync(join(root, '1000'), { recursive: true });
    assert.equal(resolve(1000, 5), 1001);
  });
});

test('a writer of another namespace that has gone before anybody asked did not write to who has that number here', () => {
  const here: Listed = { pid: 5, namespace: HOST, numbers: [5] };
  const init: Listed = { pid: 999, namespace: 7, numbers: [999, 1] };
  withProc([self, here, init, { pid: 1001, namespace: 7, numbers: [1001, 5] }], (resolve) => {
    assert.equal(resolve(1000, 5, 7n), 1001);
    assert.equal(resolve(1000, 6, 7n), undefined);
    assert.equal(resolve(1002, 5, BigInt(HOST)), 5);
  });
  withProc([self, here], (resolve) => assert.equal(resolve(1000, 5, 7n), undefined, 'nobody is left there'));
});
