/** Bits of a word of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst). */
export const PRESENT = 1n << 63n;
export const SWAPPED = 1n << 62n;
/** File page or shared anonymous; a special mapping's page has it too, though maps shows no file. Since 3.5. */
export const FILE = 1n << 61n;
/** The first touch faults (MADV_GUARD_INSTALL); since 6.15. Before 4.2 part of the page shift. */
export const GUARD = 1n << 58n;
/** Mapped by one page table alone; since 4.2. Before, part of the page shift, and zero with pages of 4 or 64 KiB. */
export const ALONE = 1n << 56n;
const FRAME = (1n << 55n) - 1n;

/** The frame of a page; undefined when it is not present, or hidden (0 without CAP_SYS_ADMIN, 4.2 and later). */
export const frameOf = (word: bigint): bigint | undefined => {
  const frame = (word & PRESENT) === 0n ? 0n : word & FRAME;
  return frame === 0n ? undefined : frame;
};
