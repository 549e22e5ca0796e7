/**
 * Words of /proc/PID/pagemap or /proc/kpageflags from bytes: one unsigned 64-bit number per page. Little-endian as in
 * a bundle; a live reader on a big-endian machine passes false (the kernel writes native words). A last incomplete
 * word is dropped.
 */
export const parseWords = (bytes: Uint8Array, littleEndian = true): BigUint64Array => {
  const count = Math.floor(bytes.byteLength / 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new BigUint64Array(count);
  for (let index = 0; index < count; index += 1) words[index] = view.getBigUint64(index * 8, littleEndian);
  return words;
};
