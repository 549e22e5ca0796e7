import type { Static } from '@sinclair/typebox';
import type { Host } from '../model/evidence.js';
import { openStore } from '../model/store.js';
import { kept } from '../pipeline/kept.js';
import type { Named } from './decode-evidence.js';
import type { BlobRecord, HostRecord } from './format-evidence.js';
import { BLOBS, HOSTS } from './limits.js';
import { fromHex } from './number-text.js';

/** Hosts and blobs, which a recording gives once and names by number afterwards. */
export interface OpenNamed extends Named {
  readonly putHost: (json: Static<typeof HostRecord>) => undefined;
  readonly putBlob: (json: Static<typeof BlobRecord>) => undefined;
  readonly clear: () => void;
}

/** What is given again as it was stays the same object. `renamed`: a number stands for something else from now on. */
export const openNamed = (renamed: () => void): OpenNamed => {
  const hosts = openStore<number, Host>(HOSTS.most);
  const blobs = openStore<number, Uint8Array>(BLOBS.most, BLOBS.heaviest);
  return {
    host: hosts.get,
    blob: blobs.get,
    putHost: (json) => {
      const before = hosts.get(json.id);
      const host = kept(before, hostOf(json));
      if (before !== host) renamed();
      hosts.put(json.id, host);
    },
    putBlob: ({ id, base64 }) => {
      const known = blobs.get(id);
      const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
      const isKnown = known !== undefined && Buffer.compare(known, bytes) === 0;
      if (!isKnown) renamed();
      blobs.put(id, isKnown ? known : bytes, base64.length);
    },
    clear: () => {
      hosts.clear();
      blobs.clear();
    },
  };
};

const hostOf = (json: Static<typeof HostRecord>): Host => ({
  release: json.release ?? undefined,
  machine: json.machine ?? undefined,
  pageSize: json.pageSize,
  hintTest: json.hintTest,
  reference: new Map(Object.entries(json.reference).map(([image, frames]) => [image, frames.map(fromHex)] as const)),
  ...(json.bootId === undefined ? {} : { bootId: json.bootId }),
});
