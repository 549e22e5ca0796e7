import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMaps } from '../../src/proc/parse/maps.js';
import { vdsoBytes } from '../../src/puppet/moves.js';

/** A test process with these mappings, whose memory says at each address which page it is of. */
const puppet = (maps: string) => ({
  maps: () => parseMaps(maps).vmas,
  peek: async (address: bigint, length: number) => Buffer.alloc(length, Number((address >> 12n) & 0xffn)),
});

test('a kernel that gives a test process no vDSO (vdso32=0) is no error', async () => {
  assert.equal(await vdsoBytes(puppet('08048000-08049000 r-xp 00000000 00:01 7  /memfd:p\n')), undefined);
});

test('a vDSO of two pages is not read by its first alone', async () => {
  const bytes = await vdsoBytes(
    puppet('f7f01000-f7f05000 r--p 00000000 00:00 0  [vvar]\nf7f05000-f7f07000 r-xp 00000000 00:00 0  [vdso]\n'),
  );
  assert.deepEqual(bytes, Buffer.concat([Buffer.alloc(4096, 5), Buffer.alloc(4096, 6)]));
});
