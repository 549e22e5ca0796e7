import type { Frame } from '../../src/pipeline/ledger.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { openDecoder } from '../../src/trace/decoder.js';
import { type Encoder, openEncoder } from '../../src/trace/encoder.js';
import { type Header, TRACE } from '../../src/trace/format.js';
import type { LineReader, TraceItem } from '../../src/trace/items.js';
import { openReading } from '../../src/trace/reading.js';

export const header: Omit<Header, 'record'> = {
  schema: TRACE,
  session: 'test',
  part: 0,
  at: '1000',
  time: '2026-01-01T00:00:00.000Z',
  offset: '1767225600000000000',
  bootId: null,
  host: { name: 'host', release: '6.1.0', machine: 'x86_64', privileged: true },
  hint: 'kept',
  versions: { vdsowatch: '0.1.0', node: 'v20.19.0', bpftrace: null },
  probes: null,
  only: [],
  command: null,
};

/** A recording of these frames; the boot clock counts them. */
export const written = (frames: readonly (readonly Observation[])[], encoder: Encoder = openEncoder()): string =>
  [
    encoder.header(header),
    ...frames.map((observations, index) => encoder.frame({ observations, at: BigInt(index), offset: 0n })),
  ].join('');

/** What a live run records, as text. */
export const textRecorder = (first: Omit<Header, 'record'> = header) => {
  const encoder = openEncoder();
  let text = encoder.header(first);
  return {
    text: (): string => text,
    record: (observations: readonly Observation[], { state, lines }: Frame, offset: bigint): void => {
      text += encoder.frame({ observations, at: state.now, offset, lines });
    },
  };
};

/** Reads bytes as they would come from a file in pieces of that size. */
export const inPieces = (bytes: Buffer, size = 1 << 20): TraceItem[] => readPieces(openDecoder(), bytes, size);

export const readPieces = <T>(reader: LineReader<T>, bytes: Buffer, size = 1 << 20): TraceItem<T>[] => {
  const reading = openReading(reader);
  const items: TraceItem<T>[] = [];
  for (let at = 0; at < bytes.length; at += size) items.push(...reading.push(bytes.subarray(at, at + size)));
  items.push(...reading.end());
  return items;
};
