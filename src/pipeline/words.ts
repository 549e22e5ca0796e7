import { errnoName, errnoOf } from '../model/errno.js';
import {
  type CallEvent,
  type ExecEvent,
  type ExitEvent,
  type ForkEvent,
  type GapEvent,
  type NamespaceEvent,
  type PokeEvent,
  type PrctlEvent,
  sharesSpace,
} from '../model/event.js';
import { exitCodeOf, killerOf, signalName } from '../model/wait-status.js';
import { hex } from '../text/hex.js';
import { bits, CLONE_NEW, MADV, MAP, MREMAP, named, PR_SET_MM, PROT, VDSO_ARCH } from './constants.js';
import { type Effect, MREMAP_FIXED } from './placement.js';

/** Events in words: one line each, made of numbers and of words chosen here, so it is safe to print. */

/** "0x7f00", "0", or the name of the error as the caller got it: "-EPERM". */
const resultWords = (result: bigint): string => {
  const errno = errnoOf(result);
  if (errno === undefined) return result === 0n ? '0' : hex(result);
  return `-${errnoName(errno)}`;
};

/** "mremap(0x7f71eb211000, ...) = 0x700000000000: vDSO moved from ...": the call as strace has it, and what it did. */
export const callWords = (event: CallEvent, effect: Effect): string => {
  const call = `${event.call}(${argumentWords(event).join(', ')}) = ${resultWords(event.result)}`;
  const compat = event.compat ? ' [32-bit call]' : '';
  const said = effectWords(effect);
  return `${call}${compat}${said === '' ? '' : `: ${said}`}`;
};

const argumentWords = ({ call, args }: CallEvent): string[] => {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n, fifth = 0n] = args;
  switch (call) {
    case 'mremap':
      return [
        hex(first),
        hex(second),
        hex(third),
        bits(MREMAP, fourth),
        ...((fourth & MREMAP_FIXED) === 0n ? [] : [hex(fifth)]),
      ];
    case 'munmap':
    case 'mseal':
      return [hex(first), hex(second)];
    case 'mmap':
      return [hex(first), hex(second), bits(PROT, third), bits(MAP, fourth)];
    case 'mprotect':
    case 'pkey_mprotect':
      return [hex(first), hex(second), bits(PROT, third)];
    case 'madvise':
      return [hex(first), hex(second), named(MADV, third)];
    case 'arch_prctl':
      return [named(VDSO_ARCH, first), hex(second)];
    default:
      return args.map(hex);
  }
};

const effectWords = (effect: Effect): string => {
  switch (effect.kind) {
    case 'moved':
      return `vDSO moved from ${hex(effect.move.from)} to ${hex(effect.move.to)}`;
    case 'placed':
      return `vDSO mapped at ${hex(effect.at)}`;
    case 'unmapped':
      return `vDSO unmapped at ${hex(effect.at)}`;
    case 'covered':
      return `vDSO at ${hex(effect.at)} replaced by other memory`;
    case 'failed':
      return 'refused';
    default:
      return '';
  }
};

const CLONE_VFORK = 0x4000n;

export const forkWords = (event: ForkEvent): string => {
  const { childPid, cloneFlags } = event;
  if (!sharesSpace(event)) return `forked ${childPid}`;
  const verb = (cloneFlags & CLONE_VFORK) === 0n ? 'cloned' : 'vforked';
  return `${verb} ${childPid}, which shares its address space`;
};

export const execWords = ({ vdso }: ExecEvent): string => {
  if (vdso === undefined) return 'exec';
  return vdso === 0n ? 'exec: no vDSO' : `exec: vDSO at ${hex(vdso)}`;
};

export const exitWords = ({ wholeProcess, tid, status = 0 }: ExitEvent): string => {
  const killer = killerOf(status);
  const end = killer === undefined ? exited(exitCodeOf(status)) : `killed by ${signalName(killer)}`;
  return wholeProcess ? end : `thread ${tid} ${end}`;
};

const exited = (code: number): string => (code === 0 ? 'exited' : `exited with ${code}`);

/** `victim`: its pid in our /proc and its name, safe to print, as far as they are known. */
export const pokeWords = (
  event: PokeEvent,
  victim: { readonly pid: number; readonly name: string } | undefined,
): string => {
  const where = event.address === undefined ? '' : ` at ${hex(event.address)}`;
  const call = event.how === 'ptrace' ? 'ptrace poke' : 'process_vm_writev';
  return `${call}${where} into ${victimWords(event, victim)} = ${resultWords(event.result)}`;
};

const victimWords = ({ targetPid }: PokeEvent, victim: { readonly pid: number; readonly name: string } | undefined) => {
  if (victim === undefined) return `process ${targetPid} (not found)`;
  const { pid, name } = victim;
  return pid === targetPid ? `process ${pid} (${name})` : `process ${pid} (${name}; ${targetPid} to the writer)`;
};

export const namespaceWords = ({ call, flags, result }: NamespaceEvent): string =>
  `${call}(${flags === 0n ? '0' : bits(CLONE_NEW, flags)}) = ${resultWords(result)}`;

export const prctlWords = ({ option, result }: PrctlEvent): string => {
  const worked = errnoOf(result) === undefined ? ': may rewrite its auxv' : '';
  return `prctl(PR_SET_MM, ${named(PR_SET_MM, option)}) = ${resultWords(result)}${worked}`;
};

export const gapWords = ({ cause, lost }: GapEvent): string => {
  const what = {
    lost: 'events were lost',
    restarted: 'the tracer was restarted',
    stuck: 'the tracer was stuck',
    late: 'a 32-bit process ran before 32-bit calls were traced',
  }[cause];
  const count = lost === undefined ? what : `${what}: ${lost}`;
  return `${count}; every process is read afresh`;
};
