import { crc32 } from 'node:zlib';

/** A recording whose lines were changed, as if it had been written so: with check sums that agree (format.ts). */
export const resealed = (text: string): string => {
  let sealed = '';
  let block = '';
  for (const line of text.split(/(?<=\n)/)) {
    const front = /^(\{"record":"(?:frame|check)".*?),?"crc":"[0-9a-f]+"\}\n$/.exec(line)?.[1];
    block += front ?? line;
    if (front === undefined) continue;
    sealed += `${block},"crc":"${crc32(Buffer.from(block, 'latin1')).toString(16).padStart(8, '0')}"}\n`;
    block = '';
  }
  return sealed + block;
};
