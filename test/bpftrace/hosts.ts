import { type Btf, readBtf } from '../../src/bpftrace/btf.js';
import type { Host } from '../../src/bpftrace/host.js';
import { readScripts, type Script } from '../../src/bpftrace/script.js';
import { alias, buildBtf, i32, pointerTo, type Shape, type StructShape, struct, u32, u64 } from './btf-builder.js';

/** Machines that the tests make up; offsets are no real kernel's. */

/** An x86 kernel's task_struct; `context` is mm_context_t. */
export const taskBtf = (context: StructShape, rest: StructShape = {}): Btf => {
  const mm = struct('mm_struct', { '': [0, struct('', { context: [1000, alias(struct('', context))] })] });
  const signal = struct('signal_struct', { live: [4, alias(struct('', { counter: [0, i32] }))] });
  const pids = struct('pid_namespace', { ns: [100, struct('ns_common', { inum: [16, u32] })] });
  const task: Shape = struct('task_struct', {
    thread_info: [0, struct('thread_info', { flags: [0, u64], status: [16, u32] })],
    mm: [2000, pointerTo(mm)],
    pid: [2100, alias(i32)],
    tgid: [2104, alias(i32)],
    exit_code: [2200, i32],
    signal: [2400, pointerTo(signal)],
    nsproxy: [2500, pointerTo(struct('nsproxy', { pid_ns_for_children: [32, pointerTo(pids)] }))],
    ...rest,
  });
  const btf = readBtf(buildBtf([task]));
  if (btf === undefined) throw new Error('the made-up BTF does not read');
  return btf;
};

export const X86_CONTEXT: StructShape = {
  ctx_id: [0, u64],
  vdso: [112, pointerTo(u64)],
  vdso_image: [120, pointerTo(struct('vdso_image', { size: [8, u64] }))],
};

/** Every tracepoint that the scripts name, with the fields that they ask for. */
export const allTracepoints = (): Map<string, Set<string>> => {
  const all = new Map<string, Set<string>>();
  for (const script of scripts().values())
    for (const { points, action } of script.probes) {
      const wanted = [...action.matchAll(/\bargs->(\w+)/g)].map(([, field = '']) => field);
      for (const point of points.filter((name) => name.startsWith('tracepoint:'))) {
        const name = point.slice('tracepoint:'.length);
        all.set(name, new Set([...(all.get(name) ?? []), ...wanted]));
      }
    }
  return all;
};

export const scripts = (): ReadonlyMap<string, Script> => {
  const read = readScripts();
  if (!read.ok) throw new Error(read.failure.text);
  return read.value;
};

export const host = (parts: Partial<Host> & { readonly without?: readonly string[] } = {}): Host => {
  const tracepoints = allTracepoints();
  for (const name of parts.without ?? []) tracepoints.delete(name);
  return {
    arch: 'x64',
    fields: (name) => tracepoints.get(name),
    btf: taskBtf(X86_CONTEXT),
    window: { below: 0x4000n, above: 0x2000n },
    queues: undefined,
    ...parts,
  };
};
