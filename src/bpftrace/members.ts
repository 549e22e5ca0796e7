import type { Btf, Scalar } from './btf.js';

/**
 * "curtask->mm->context.vdso" as bpftrace must follow it: one load per step. `.` only adds to an offset, `->` loads.
 * Offsets in bytes; the last step loads the value.
 */
export interface MemberPath {
  readonly offsets: readonly number[];
  readonly value: Scalar;
}

/** Follows a path from `struct task_struct`; undefined when this kernel has no such member. */
export const followMembers = (btf: Btf, path: string): MemberPath | undefined => {
  const steps = [...path.matchAll(/(->|\.)(\w+)/g)];
  let type = btf.structNamed('task_struct');
  const offsets: number[] = [];
  let offset = 0;
  for (const [index, [, operator, name]] of steps.entries()) {
    if (operator === '->' && index > 0) {
      offsets.push(offset);
      offset = 0;
      type = type === undefined ? undefined : btf.pointee(type);
    }
    const member = type === undefined || name === undefined ? undefined : btf.member(type, name);
    if (member === undefined) return undefined;
    offset += member.offset;
    type = member.type;
  }
  const value = type === undefined ? undefined : btf.scalar(type);
  return value === undefined ? undefined : { offsets: [...offsets, offset], value };
};

/** A path of the probe texts, in any of them. */
export const MEMBER_PATH = /\bcurtask(?:->\w+)(?:(?:->|\.)\w+)*/g;

/**
 * Structures that know offsets and nothing else, and each path rewritten to go through them. bpftrace then needs no
 * kernel type: it starts up to twice as fast (measured), and works where its own BTF reader does not.
 * Typed pointers all the way: bpftrace 0.11 to 0.17 reads through a cast integer from user memory (measured).
 */
export const padMembers = (paths: ReadonlyMap<string, MemberPath>): PaddedMembers => {
  const root: Pad = { name: 'vw_task', members: new Map() };
  const pads: Pad[] = [root];
  const rewritten = new Map<string, string>();
  for (const [path, { offsets, value }] of paths) {
    let pad = root;
    let text = '((struct vw_task *)curtask)';
    for (const [index, offset] of offsets.entries()) {
      const member = pad.members.get(offset) ?? { value, to: undefined };
      pad.members.set(offset, member);
      text += `->m${offset}`;
      if (index === offsets.length - 1) break;
      // Once followed it is a pointer, also where its value alone is wanted.
      if (member.to === undefined) {
        member.to = { name: `${pad.name}_${offset}`, members: new Map() };
        pads.push(member.to);
      }
      pad = member.to;
    }
    rewritten.set(path, text);
  }
  return { structs: pads.reverse().flatMap(declare).join('\n'), rewritten };
};

export interface PaddedMembers {
  readonly structs: string;
  /** Path as written -> path through the structures. */
  readonly rewritten: ReadonlyMap<string, string>;
}

interface Pad {
  readonly name: string;
  /** By offset. */
  readonly members: Map<number, { readonly value: Scalar; to: Pad | undefined }>;
}

const declare = (pad: Pad): readonly string[] => {
  const lines = [`struct ${pad.name} {`];
  let end = 0;
  for (const [offset, { value, to }] of [...pad.members].sort(([a], [b]) => a - b)) {
    if (offset > end) lines.push(`  char p${end}[${offset - end}];`);
    lines.push(to === undefined ? `  ${typeOf(value)} m${offset};` : `  struct ${to.name} *m${offset};`);
    end = offset + (to === undefined ? value.size : 8);
  }
  return [...lines, '};'];
};

const typeOf = ({ size, signed }: Scalar): string =>
  `${signed ? 'signed' : 'unsigned'} ${{ 1: 'char', 2: 'short', 4: 'int', 8: 'long' }[size]}`;
