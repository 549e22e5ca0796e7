import { permissionsOf, type Vma } from '../model/vma.js';

/**
 * A mapping as the kernel's own line in /proc/PID/maps (show_map_vma, fs/proc/task_mmu.c): what reads maps, reads this.
 * The name starts at column 73 at the earliest (seq_pad on a 64-bit kernel); a nameless line ends with a blank.
 * `parseMapsLine` (src/proc/parse/maps.ts) is the inverse.
 */
export const vmaLine = (vma: Vma): string => {
  const { device, inode, name } = vma;
  const columns = `${hex8(vma.start)}-${hex8(vma.end)} ${permissionsOf(vma)} ${hex8(vma.offset)} ${device} ${inode} `;
  return name === '' ? columns : columns.padEnd(NAME_COLUMN) + name;
};

const NAME_COLUMN = 73;

const hex8 = (value: bigint): string => value.toString(16).padStart(8, '0');
