import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, inflateRawSync } from 'node:zlib';

/**
 * A compressed recording is a row of gzip members (RFC 1952, 2.2), each whole in itself: `gunzip` reads them as one,
 * a killed writer loses the last one at most, and damage ends with the member it is in. So that a reader finds the
 * next, each carries its own length in an extra field "VW", as bgzip's do in theirs.
 */
export const gzipMember = async (text: string): Promise<Buffer> => {
  const bytes = Buffer.from(text, 'latin1');
  const deflated = await deflate(bytes);
  const member = Buffer.alloc(HEAD + deflated.length + TRAILER);
  SIGNATURE.copy(member);
  member.writeUInt32LE(member.length, SIGNATURE.length);
  deflated.copy(member, HEAD);
  member.writeUInt32LE(crc32(bytes), member.length - TRAILER);
  member.writeUInt32LE(bytes.length, member.length - TRAILER + 4);
  return member;
};

const deflate = promisify<Buffer, Buffer>(deflateRaw);

/** ID1 ID2, CM 8, FLG FEXTRA, MTIME 0, XFL 0, OS 3 (Unix), XLEN 8; "VW", 4; the length of the member follows. */
export const SIGNATURE = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 8, 0, 0x56, 0x57, 4, 0]);
const HEAD = SIGNATURE.length + 4;
const TRAILER = 8;

/** What stands at the beginning of these bytes: a member, too little of one to read it, or something else. */
export type Front =
  | { readonly kind: 'member'; readonly length: number; readonly content: Buffer }
  | { readonly kind: 'more' }
  | { readonly kind: 'damaged' };

/** What a file begins with, as far as it is there. */
export const frontMember = (bytes: Buffer): Front => {
  const seen = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.compare(SIGNATURE, 0, seen, 0, seen) !== 0) return { kind: 'damaged' };
  if (bytes.length < HEAD) return { kind: 'more' };
  const length = bytes.readUInt32LE(SIGNATURE.length);
  if (length < HEAD + TRAILER || length > LONGEST) return { kind: 'damaged' };
  if (bytes.length < length) return { kind: 'more' };
  const content = inflated(bytes.subarray(HEAD, length - TRAILER), constants.Z_FINISH);
  const isWhole =
    content?.length === bytes.readUInt32LE(length - 4) && crc32(content) === bytes.readUInt32LE(length - TRAILER);
  return isWhole ? { kind: 'member', length, content } : { kind: 'damaged' };
};

/** What can be had of a member whose end is missing. */
export const tornMember = (bytes: Buffer): Buffer => {
  const content = bytes.length > HEAD ? inflated(bytes.subarray(HEAD), constants.Z_SYNC_FLUSH) : undefined;
  return content ?? Buffer.alloc(0);
};

const inflated = (bytes: Buffer, finishFlush: number): Buffer | undefined => {
  try {
    return inflateRawSync(bytes, { finishFlush, maxOutputLength: LONGEST_CONTENT });
  } catch {
    // Not deflate, or more of it than is ever written.
    return undefined;
  }
};

/** Bounds for hostile files: no member is written longer, or holds more. */
const LONGEST = 16 * 1024 * 1024;
const LONGEST_CONTENT = 64 * 1024 * 1024;
