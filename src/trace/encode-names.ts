import type { Host } from '../model/evidence.js';
import { hex } from '../text/hex.js';
import type { Names } from './encode-evidence.js';
import { jsonOf } from './json-text.js';
import { BLOBS, HOSTS, openStore } from './naming.js';

/** Gives numbers to hosts and to bytes; what is new is written down by `line`. */
export const openNames = (
  line: (text: string) => void,
  number: () => number,
): Names & { readonly forget: () => void } => {
  const hosts = openStore<string, number>(HOSTS.most);
  const blobs = openStore<string, number>(BLOBS.most, BLOBS.heaviest);
  let newest: { readonly host: Host; readonly id: number } | undefined;
  return {
    host: (host) => {
      if (newest?.host === host) return newest.id;
      const body = hostBody(host);
      const known = hosts.get(body);
      const id = known ?? number();
      if (known === undefined) {
        hosts.put(body, id, 0);
        line(`{"record":"host","id":${id},${body}}`);
      }
      newest = { host, id };
      return id;
    },
    blob: (bytes) => {
      const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
      const known = blobs.get(base64);
      if (known !== undefined) return known;
      const id = number();
      blobs.put(base64, id, base64.length);
      line(`{"record":"blob","id":${id},"base64":"${base64}"}`);
      return id;
    },
    forget: () => {
      hosts.clear();
      blobs.clear();
      newest = undefined;
    },
  };
};

const hostBody = (host: Host): string =>
  jsonOf({
    release: host.release ?? null,
    machine: host.machine ?? null,
    pageSize: host.pageSize,
    hintTest: host.hintTest,
    reference: Object.fromEntries([...host.reference].map(([image, frames]) => [image, frames.map(hex)])),
    ...(host.bootId === undefined ? {} : { bootId: host.bootId }),
  }).slice(1, -1);
