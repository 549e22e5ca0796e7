import { type Host, UNKNOWN_HOST } from '../model/evidence.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { BUNDLE_FORMAT } from './files.js';
import { parseTaken, type Taken } from './taken.js';

/** What bundle.json says of the host. `pageSize` is undefined when it does not say. */
export interface BundleHost {
  readonly host: Omit<Host, 'pageSize'>;
  readonly pageSize: number | undefined;
  readonly note: string | undefined;
  /** Undefined: it does not say. */
  readonly taken: Taken | undefined;
}

/** Of a bundle whose bundle.json is lost. */
export const UNKNOWN_BUNDLE: BundleHost = {
  host: UNKNOWN_HOST,
  pageSize: undefined,
  note: undefined,
  taken: undefined,
};

/** What bundle.json does not say is not known; without its format, or with facts that no machine has, it is a failure. */
export const parseBundleJson = (bytes: Uint8Array): Outcome<BundleHost> => {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return bad('is not JSON in UTF-8');
  }
  if (!isRecord(document)) return bad('is not an object');
  const format = document['format'];
  if (format !== BUNDLE_FORMAT) {
    const version = typeof format === 'string' ? /^vdsowatch-bundle\/(\d{1,6})$/.exec(format)?.[1] : undefined;
    if (version === undefined) return bad(`has no format "${BUNDLE_FORMAT}"`);
    return failed(
      failure(
        'newer-format',
        `The bundle has format ${escapeText(String(format))}; this version reads ${BUNDLE_FORMAT}.`,
        'Update vdsowatch.',
      ),
    );
  }
  const said = document['host'] ?? {};
  if (!isRecord(said)) return bad('has a host that is not an object');
  const reference = parseReference(document['reference'] ?? {});
  if (reference === undefined) return bad('has a reference that is not page frame numbers by image');
  const pageSize = said['pageSize'] ?? undefined;
  if (pageSize !== undefined && !isPageSize(pageSize)) return bad('has a page size that no machine has');
  const hintTest = said['hintTest'] ?? 'unknown';
  if (hintTest !== 'kept' && hintTest !== 'lost' && hintTest !== 'unknown') {
    return bad('has a hintTest other than kept, lost or unknown');
  }
  const bootId = text(said['bootId']);
  return success({
    host: {
      release: text(said['release']),
      machine: text(said['machine']),
      hintTest,
      reference,
      ...(bootId === undefined ? {} : { bootId }),
    },
    pageSize,
    note: text(document['note']),
    taken: parseTaken(document['taken']),
  });
};

const bad = (what: string): Outcome<never> =>
  failed(failure('bad-input', `bundle.json ${what}.`, 'See `vdsowatch capture --help` for what writes one.'));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Hostile text: escaped where it is shown, cut here. */
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, 1024) : undefined;

const isPageSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(Math.log2(value)) && value >= 1024 && value <= 1 << 24;

const parseReference = (value: unknown): ReadonlyMap<string, readonly bigint[]> | undefined => {
  if (!isRecord(value)) return undefined;
  const images = Object.entries(value);
  if (images.length > 16) return undefined;
  const reference = new Map<string, readonly bigint[]>();
  for (const [image, frames] of images) {
    if (!Array.isArray(frames) || frames.length > 256) return undefined;
    const numbers: bigint[] = [];
    for (const frame of frames) {
      if (typeof frame !== 'string' || !/^0x[0-9a-f]{1,14}$/i.test(frame)) return undefined;
      numbers.push(BigInt(frame));
    }
    reference.set(image.slice(0, 64), numbers);
  }
  return reference;
};
