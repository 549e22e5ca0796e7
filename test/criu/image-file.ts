import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { COMMON_MAGIC, IMAGE_MAGIC, type ImageKind, SERVICE_MAGIC } from '../../src/criu/framing.js';

/** Builds an image file as CRIU writes it: magic words, then messages with their lengths. */
export const imageFile = <Desc extends DescMessage>(
  kind: ImageKind,
  schema: Desc,
  messages: readonly MessageInitShape<Desc>[],
): Buffer =>
  framed(
    kind,
    messages.map((message) => toBinary(schema, create(schema, message))),
  );

export const framed = (kind: ImageKind, messages: readonly Uint8Array[]): Buffer =>
  Buffer.concat([magicWords(kind), ...messages.flatMap((message) => [word(message.length), message])]);

const magicWords = (kind: ImageKind): Buffer => {
  if (kind === 'inventory') return word(IMAGE_MAGIC.inventory);
  return Buffer.concat([word(kind === 'stats' ? SERVICE_MAGIC : COMMON_MAGIC), word(IMAGE_MAGIC[kind])]);
};

export const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
