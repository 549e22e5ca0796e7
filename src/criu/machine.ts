import type { Core } from './schema/image_pb.js';

/** uname -m by core_entry.mtype; MIPS and PPC64 images do not say which of several it was. */
const MACHINES = new Map([
  [1, 'x86_64'],
  [2, 'arm'],
  [3, 'aarch64'],
  [4, 'ppc64le'],
  [5, 's390x'],
  [6, 'mips64'],
  [7, 'loongarch64'],
  [8, 'riscv64'],
]);

/** As uname(2) names it; undefined: a machine that CRIU did not know. */
export const machineOf = (core: Core): string | undefined => MACHINES.get(core.mtype);

/** Where the thread stopped; undefined when the image does not say. */
export const instructionPointerOf = (core: Core): bigint | undefined => {
  const arm = core.arm?.registers?.pc;
  return (
    core.x86?.registers?.ip ??
    core.aarch64?.registers?.pc ??
    core.ppc64?.registers?.nip ??
    core.s390?.registers?.pswAddr ??
    core.riscv64?.registers?.pc ??
    core.loongarch64?.registers?.pc ??
    core.mips?.registers?.cp0Epc ??
    (arm === undefined ? undefined : BigInt(arm))
  );
};

/** X86_MODE_COMPAT of the saved registers: a 32-bit task. */
export const isCompat = (core: Core): boolean | undefined => {
  const mode = core.x86?.registers?.mode;
  return mode === undefined ? undefined : mode === 2;
};
