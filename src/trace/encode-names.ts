import type { Host } from '../model/evidence.js';
import { openStore, type Store } from '../model/store.js';
import { hex } from '../text/hex.js';
import type { Names } from './encode-evidence.js';
import { jsonOf } from './json-text.js';
import { BLOBS, HOSTS } from './limits.js';

/**
 * Gives numbers to hosts and to bytes; what is new is written down by `line`. What is written again after all was
 * forgotten has the number that it had: then a reading that shows the same again is, to the byte, the same text again,
 * and a reader need not make it anew (reading-line.ts).
 */
export const openNames = (
  line: (text: string) => void,
  number: () => number,
): Names & { readonly forget: () => void } => {
  const hosts = openNumbers(openStore(HOSTS.most), openStore(HOSTS.most), number);
  const blobs = openNumbers(openStore(BLOBS.most, BLOBS.heaviest), openStore(BLOBS.most, BLOBS.heaviest / 4), number);
  let newest: { readonly host: Host; readonly id: number } | undefined;
  return {
    host: (host) => {
      if (newest?.host === host) return newest.id;
      const body = hostBody(host);
      const id = hosts.of(body, 0, (given) => line(`{"record":"host","id":${given},${body}}`));
      newest = { host, id };
      return id;
    },
    blob: (bytes) => {
      const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
      return blobs.of(base64, base64.length, (id) => line(`{"record":"blob","id":${id},"base64":"${base64}"}`));
    },
    forget: () => {
      hosts.forget();
      blobs.forget();
      newest = undefined;
    },
  };
};

/** `written`: what a reader has; `given`: the numbers of that and of what was forgotten. */
const openNumbers = (written: Store<string, number>, given: Store<string, number>, number: () => number) => ({
  of: (text: string, weight: number, write: (id: number) => void): number => {
    const known = written.get(text);
    if (known !== undefined) return known;
    const id = given.get(text) ?? number();
    for (const store of [written, given]) store.put(text, id, weight);
    write(id);
    return id;
  },
  forget: written.clear,
});

const hostBody = (host: Host): string =>
  jsonOf({
    release: host.release ?? null,
    machine: host.machine ?? null,
    pageSize: host.pageSize,
    hintTest: host.hintTest,
    reference: Object.fromEntries([...host.reference].map(([image, frames]) => [image, frames.map(hex)])),
    ...(host.bootId === undefined ? {} : { bootId: host.bootId }),
  }).slice(1, -1);
