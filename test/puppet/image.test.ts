import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { candidateAbis } from '../../src/puppet/abi.js';
import { assemble } from '../../src/puppet/assemble.js';
import { dataOffset, decodeFrame, encodeFrame } from '../../src/puppet/frame.js';
import { listing, puppetImage } from '../../src/puppet/image.js';
import { FRAME_NUMBER_OFFSET, FRAME_SIZE, frameAddress, RECORD_SIZE } from '../../src/puppet/layout.js';
import { call, copy } from '../../src/puppet/step.js';
import { syscallNumber } from '../../src/puppet/syscalls.js';
import { loop } from './step.js';

const abis = ['x86_64', 'i386', 'x32', 'aarch64'] as const;

test('every image is a static ELF file whose stack is not executable', () => {
  for (const abi of abis) {
    const image = puppetImage(abi);
    assert.equal(image.toString('latin1', 0, 4), '\x7fELF', abi);
    assert.equal(image[4], abi === 'x86_64' || abi === 'aarch64' ? 2 : 1, `${abi}: class`);
    assert.equal(image.readUInt16LE(16), 2, `${abi}: ET_EXEC`);
    const wide = image[4] === 2;
    const at = (wide ? 64 : 52) + 2 * (wide ? 56 : 32);
    assert.equal(image.readUInt32LE(at), 0x6474e551, `${abi}: third program header is the stack`);
    assert.equal(image.readUInt32LE(at + (wide ? 4 : 24)), 6, `${abi}: stack is rw-`);
  }
});

test('a shell that is given an image finds "exit" on its second line', () => {
  for (const abi of abis) assert.equal(puppetImage(abi).toString('latin1').split('\n')[1], 'exit', abi);
});

test('each line of code is whole instructions of the length it takes', () => {
  for (const abi of abis) {
    const code = assemble(listing(abi));
    assert.ok(code.length > 150 && code.length < 0x700, `${abi}: ${code.length} bytes`);
    if (abi === 'aarch64') assert.equal(code.length % 4, 0);
  }
});

test('jumps reach their label, and a jump that cannot is refused', () => {
  assert.deepEqual(
    [...assemble(['a:', ['90', 'nop'], ['eb >a', 'jmp a'], ['e9 >>b', 'jmp b'], ['90', 'nop'], 'b:'])],
    [0x90, 0xeb, 0xfd, 0xe9, 1, 0, 0, 0, 0x90],
  );
  const far = ['a:', ...Array.from({ length: 130 }, () => ['90', 'nop'] as const), ['eb >a', 'jmp a'] as const];
  assert.throws(() => assemble(far));
  assert.throws(() => assemble([['eb >nowhere', 'jmp nowhere']]), /no label nowhere/);
});

test('a frame holds its steps, the answer step, data behind them and its number', () => {
  const seat = { abi: 'x86_64', channel: 1, input: 3, output: 3 } as const;
  const frame = encodeFrame(seat, 7n, [call('mremap', 1n, -1n), copy('ab', 5n, 2), loop(1, 9)]);
  assert.equal(frame.length, FRAME_SIZE);
  assert.equal(frame.readBigUInt64LE(FRAME_NUMBER_OFFSET), 7n);
  assert.equal(frame.readBigUInt64LE(8), 25n);
  assert.equal(frame.readBigUInt64LE(24), 0xffffffffffffffffn);
  assert.equal(frame.readBigUInt64LE(RECORD_SIZE + 16), BigInt(frameAddress(1) + dataOffset(3)));
  assert.equal(frame.toString('latin1', dataOffset(3), dataOffset(3) + 3), 'ab\0');
  assert.equal(frame.readBigUInt64LE(2 * RECORD_SIZE + 16), BigInt(frameAddress(1) + RECORD_SIZE));
  assert.throws(() => encodeFrame(seat, 1n, [copy(Buffer.alloc(FRAME_SIZE), 0n, 0)]), /do not fit/);
  assert.throws(
    () =>
      encodeFrame(
        seat,
        1n,
        Array.from({ length: 120 }, () => call('getpid')),
      ),
    /do not fit/,
  );
});

test('results: errno is negative, a high 32-bit address is not', () => {
  const frame = Buffer.alloc(FRAME_SIZE);
  frame.writeUInt32LE(0xffffffea, 64);
  frame.writeUInt32LE(0xf7fc1000, RECORD_SIZE + 64);
  assert.deepEqual(decodeFrame('i386', frame, 2).results, [-22n, 0xf7fc1000n]);
  frame.writeBigInt64LE(-22n, 64);
  assert.deepEqual(decodeFrame('x86_64', frame, 1).results, [-22n]);
});

test('system call numbers by ABI', () => {
  assert.deepEqual(
    abis.map((abi) => syscallNumber(abi, 'mremap')),
    [25, 163, 0x40000019, 216],
  );
  assert.equal(syscallNumber('x32', 'execve'), 0x40000000 + 520);
  assert.throws(() => syscallNumber('aarch64', 'fork'), /no system call fork/);
});

test('candidates are only what the kernel itself may run', () => {
  assert.deepEqual(candidateAbis('x86_64'), ['x86_64', 'i386', 'x32']);
  assert.deepEqual(candidateAbis('i686'), ['i386']);
  assert.deepEqual(candidateAbis('aarch64'), ['aarch64']);
  assert.deepEqual(candidateAbis('riscv64'), []);
});

test('the aarch64 code is the one that was run, every operation of it, under qemu-user 7.2', () => {
  // No machine of the tests runs it: whoever changes it runs it again, and puts the new sum here.
  const sum = createHash('sha256')
    .update(assemble(listing('aarch64')))
    .digest('hex');
  assert.equal(sum, '6f3b72847e9529fa73d0477f19f541f7799517348a96323550593100b111c540');
});
