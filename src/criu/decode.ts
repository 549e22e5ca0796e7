import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Failure } from '../model/failure.js';
import { damaged, type Frame, type ImageKind, splitFrames } from './framing.js';

export interface Decoded<T> {
  readonly messages: readonly T[];
  readonly problem: Failure | undefined;
}

/**
 * Every message of an image file, decoded; stops at the first damaged one and keeps what came before.
 * `most`: how many messages are read at the most.
 */
export const decodeImage = <Desc extends DescMessage>(
  name: string,
  file: Uint8Array,
  kind: ImageKind,
  schema: Desc,
  most: number,
): Decoded<MessageShape<Desc>> => {
  const { frames, problem } = splitFrames(name, file, kind, most);
  const messages: MessageShape<Desc>[] = [];
  for (const frame of frames) {
    const decoded = decodeMessage(name, frame, schema);
    if (!decoded.ok) return { messages, problem: decoded.problem };
    messages.push(decoded.message);
  }
  return { messages, problem };
};

type DecodedMessage<T> = { readonly ok: true; readonly message: T } | { readonly ok: false; readonly problem: Failure };

/** One message. Fields the schema does not name are skipped, not kept. */
const decodeMessage = <Desc extends DescMessage>(
  name: string,
  frame: Frame,
  schema: Desc,
): DecodedMessage<MessageShape<Desc>> => {
  try {
    if (frame.bytes.length > 2 * MOST_FIELDS && countFields(frame.bytes) > MOST_FIELDS)
      return {
        ok: false,
        problem: damaged(name, `message at byte ${frame.offset} has more than ${MOST_FIELDS} fields`),
      };
    return { ok: true, message: fromBinary(schema, frame.bytes, { readUnknownFields: false }) };
  } catch (error) {
    // The decoder throws an Error for every malformed message (bad wire type, early end, overlong varint).
    if (!(error instanceof Error)) throw error;
    return { ok: false, problem: damaged(name, `message at byte ${frame.offset} is not valid protobuf`, error) };
  }
};

/** vm.max_map_count is 65,530 by default and 262,144 where raised; an mm message has one field per VMA. */
const MOST_FIELDS = 300_000;

/**
 * Two bytes on the wire, the least a field takes, can make an object of hundreds: the fields of a large message are
 * counted before any of them is built.
 */
const countFields = (bytes: Uint8Array): number => {
  const reader = new BinaryReader(bytes);
  let count = 0;
  while (reader.pos < reader.len && count <= MOST_FIELDS) {
    const [field, wire] = reader.tag();
    reader.skip(wire, field);
    count += 1;
  }
  return count;
};
