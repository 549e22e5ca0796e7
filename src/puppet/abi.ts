import { machine } from 'node:os';

/** The instruction sets and calling conventions a test process can be made for. */
export type Abi = 'x86_64' | 'i386' | 'x32' | 'aarch64';

interface AbiFacts {
  /** Width of a register as the kernel takes it from the ABI's system calls, in bits. */
  readonly bits: 32 | 64;
  /** EI_CLASS: 1 = ELFCLASS32, 2 = ELFCLASS64. */
  readonly elfClass: 1 | 2;
  /** e_machine. */
  readonly elfMachine: number;
}

/** x32 is x86-64 code in a 32-bit ELF file: registers are 64 bits wide, addresses stay below 4 GiB. */
export const ABI_FACTS: Readonly<Record<Abi, AbiFacts>> = {
  x86_64: { bits: 64, elfClass: 2, elfMachine: 62 },
  i386: { bits: 32, elfClass: 1, elfMachine: 3 },
  x32: { bits: 64, elfClass: 1, elfMachine: 62 },
  aarch64: { bits: 64, elfClass: 2, elfMachine: 183 },
};

/**
 * The ABIs that a kernel of this machine (uname -m) may be built to run natively; whether it is, only a start tells.
 * Never the ones that binfmt_misc and an emulator could run: an emulator's vDSO says nothing about the kernel.
 */
export const candidateAbis = (unameMachine: string = machine()): readonly Abi[] => {
  if (unameMachine === 'x86_64') return ['x86_64', 'i386', 'x32'];
  if (/^i[3-6]86$/.test(unameMachine)) return ['i386'];
  if (unameMachine === 'aarch64') return ['aarch64'];
  return [];
};
