import { ascending } from './ascending.js';

/** Addresses from `start` to the last one before `end`. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** One line of /proc/PID/maps, or the same facts from an image or a core file. Addresses in bytes. */
export interface Vma extends AddressRange {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly shared: boolean;
  readonly offset: bigint;
  /** "major:minor" as printed, hexadecimal; "00:00" for memory without a file. */
  readonly device: string;
  readonly inode: bigint;
  /** Everything after the inode column, as the kernel printed it ("" when it printed nothing). Hostile text. */
  readonly name: string;
}

/**
 * Whether the kernel itself gave the mapping this name in brackets. Only memory without a file can print one: a
 * file, memfd or SysV segment prints its path (vm_file comes first in get_vma_name, before 6.11 in show_map_vma,
 * fs/proc/task_mmu.c), so a path that ends in "[vdso]", or a detached "/[vdso]", has an inode or a device and never
 * matches.
 */
export const hasKernelName = (vma: Vma, name: string): boolean =>
  vma.name === name && vma.inode === 0n && vma.device === '00:00';

export const isVdsoNamed = (vma: Vma): boolean => hasKernelName(vma, '[vdso]');

/** Names of the data pages beside the vDSO, by kernel: [vvar] everywhere, [vvar_vclock] on x86 since 6.13. */
export const isVvarNamed = (vma: Vma): boolean => hasKernelName(vma, '[vvar]') || hasKernelName(vma, '[vvar_vclock]');

/** No file behind it: the only kind of memory an old kernel can misname (naming before 3.16). */
export const isFileless = (vma: Vma): boolean =>
  vma.inode === 0n && vma.device === '00:00' && !vma.name.startsWith('/');

/** "r-xp", as maps prints it. */
export const permissionsOf = ({ read, write, execute, shared }: Vma): string =>
  `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}${shared ? 's' : 'p'}`;

/** In order of address. */
export const byStart = (one: Pick<AddressRange, 'start'>, other: Pick<AddressRange, 'start'>): number =>
  ascending(one.start, other.start);

/** In bytes. */
export const sizeOf = (range: AddressRange): bigint => range.end - range.start;

export const overlaps = (range: AddressRange, start: bigint, end: bigint): boolean =>
  range.start < end && range.end > start;

export const contains = (range: AddressRange, address: bigint): boolean =>
  address >= range.start && address < range.end;
