import type { Listing, WordWithTarget } from './assemble.js';
import { imm32 } from './assemble.js';
import { SLOT } from './layout.js';

/**
 * The interpreter for aarch64; x19 points at the current record (layout.ts), which no system call and no called
 * function changes. Encodings are those of the Arm Architecture Reference Manual, C6.2.
 */
export const codeAarch64 = (firstRecord: number): Listing => [
  [word(0xd2800000 | ((firstRecord & 0xffff) << 5) | 19), 'movz x19, firstRecord low'],
  [word(0xf2a00000 | ((firstRecord >>> 16) << 5) | 19), 'movk x19, firstRecord high, lsl 16'],
  'run:',
  [word(0xb9400269), 'ldr w9, [x19]              ; operation'],
  [cbz32(9, 'call'), 'cbz w9, call'],
  [word(0x51000529), 'sub w9, w9, #1'],
  [cbz32(9, 'split'), 'cbz w9, split'],
  [word(0x51000529), 'sub w9, w9, #1'],
  [cbz32(9, 'copy'), 'cbz w9, copy'],
  [word(0x51000529), 'sub w9, w9, #1'],
  [cbz32(9, 'loop'), 'cbz w9, loop'],
  [word(0x51000529), 'sub w9, w9, #1'],
  [cbz32(9, 'serve'), 'cbz w9, serve'],
  [word(0x51000529), 'sub w9, w9, #1'],
  [cbz32(9, 'function'), 'cbz w9, function'],
  'exit:',
  [word(0xd2800bc8), 'mov x8, #94                ; exit_group'],
  [word(0xd2800000), 'mov x0, #0'],
  [SVC, 'svc #0'],

  'call:',
  [load(8, SLOT.number), 'ldr x8, [x19, #8]          ; number'],
  ...loadArguments(),
  [SVC, 'svc #0'],
  [word(0xb13ffc1f), 'cmn x0, #4095'],
  [branchIf(LOWER, 'keep'), 'b.lo keep                  ; below the errno range, unsigned'],
  [load(9, SLOT.extra), 'ldr x9, [x19, #72]'],
  [word(0x91000529), 'add x9, x9, #1'],
  [store(9, SLOT.extra), 'str x9, [x19, #72]         ; failures'],
  'keep:',
  [store(0, SLOT.result), 'str x0, [x19, #64]         ; result'],
  'next:',
  [word(0x91014273), 'add x19, x19, #80'],
  [branch('run'), 'b run'],

  'split:',
  [load(8, SLOT.number), 'ldr x8, [x19, #8]          ; number'],
  ...loadArguments(),
  [SVC, 'svc #0'],
  [cbz64(0, 'next'), 'cbz x0, next               ; the child'],
  [store(0, SLOT.result), 'str x0, [x19, #64]         ; the child, or why there is none'],
  [load(19, SLOT.extra), 'ldr x19, [x19, #72]        ; the parent goes on there'],
  [branch('run'), 'b run'],

  'copy:',
  ...loadArguments(),
  'byte:',
  [cbz64(2, 'next'), 'cbz x2, next'],
  [word(0x38401423), 'ldrb w3, [x1], #1'],
  [word(0x38001403), 'strb w3, [x0], #1'],
  [word(0xd1000442), 'sub x2, x2, #1'],
  [branch('byte'), 'b byte'],

  'loop:',
  [load(9, SLOT.argument + 8), 'ldr x9, [x19, #24]'],
  [word(0xf1000529), 'subs x9, x9, #1'],
  [store(9, SLOT.argument + 8), 'str x9, [x19, #24]'],
  [branchIf(EQUAL, 'next'), 'b.eq next'],
  [load(19, SLOT.argument), 'ldr x19, [x19, #16]'],
  [branch('run'), 'b run'],

  'serve:',
  [word(0xd2800808), 'mov x8, #64                ; write'],
  ...loadArguments(),
  [SVC, 'svc #0'],
  [load(20, SLOT.argument + 24), 'ldr x20, [x19, #40]        ; fd; the record may be overwritten below'],
  [load(1, SLOT.argument + 32), 'ldr x1, [x19, #48]         ; to'],
  [load(2, SLOT.argument + 40), 'ldr x2, [x19, #56]         ; how many bytes'],
  [word(0xaa0103f3), 'mov x19, x1                ; and the next record is there'],
  'more:',
  [word(0xaa1403e0), 'mov x0, x20'],
  [word(0xd28007e8), 'mov x8, #63                ; read'],
  [SVC, 'svc #0'],
  [word(0xb100101f), 'cmn x0, #4                 ; EINTR'],
  [branchIf(EQUAL, 'more'), 'b.eq more'],
  [word(0xf100001f), 'cmp x0, #0'],
  [branchIf(LESS_OR_EQUAL, 'exit'), 'b.le exit                  ; end of file or an error: whoever asked has gone'],
  [word(0x8b000021), 'add x1, x1, x0'],
  [word(0xeb000042), 'subs x2, x2, x0'],
  [branchIf(NOT_EQUAL, 'more'), 'b.ne more'],
  [branch('run'), 'b run'],

  'function:',
  [load(9, SLOT.number), 'ldr x9, [x19, #8]'],
  ...loadArguments(),
  [word(0xd63f0120), 'blr x9'],
  [branch('keep'), 'b keep'],
];

const EQUAL = 0;
const NOT_EQUAL = 1;
const LOWER = 3;
const LESS_OR_EQUAL = 13;

const word = (value: number): string => imm32(value >>> 0);
const SVC = word(0xd4000001);
const load = (register: number, offset: number): string =>
  word(0xf9400000 | ((offset / 8) << 10) | (19 << 5) | register);
const store = (register: number, offset: number): string =>
  word(0xf9000000 | ((offset / 8) << 10) | (19 << 5) | register);

const branch = (target: string): WordWithTarget => ({
  target,
  encode: (distance) => 0x14000000 | ((distance >> 2) & 0x3ffffff),
});
const withImm19 = (base: number, target: string): WordWithTarget => ({
  target,
  encode: (distance) => base | (((distance >> 2) & 0x7ffff) << 5),
});
const branchIf = (condition: number, target: string): WordWithTarget => withImm19(0x54000000 | condition, target);
const cbz32 = (register: number, target: string): WordWithTarget => withImm19(0x34000000 | register, target);
const cbz64 = (register: number, target: string): WordWithTarget => withImm19(0xb4000000 | register, target);

const loadArguments = (): readonly (readonly [string, string])[] =>
  [0, 1, 2, 3, 4, 5].map((index) => [
    load(index, SLOT.argument + 8 * index),
    `ldr x${index}, [x19, #${SLOT.argument + 8 * index}]`,
  ]);
