import type { ElfReader } from './reader.js';
import { PT_NOTE, type Segment } from './segments.js';

export interface Notes {
  /** Hexadecimal. */
  readonly buildId: string | undefined;
  /** LINUX_VERSION_CODE of the kernel that carries the image, as "6.18.44". */
  readonly linuxVersion: string | undefined;
}

/** Notes of a vDSO: "Linux" type 0 (version code, ELFNOTE in the arch's note.S) and "GNU" type 3 (build id). */
export const readNotes = (reader: ElfReader, segments: readonly Segment[]): Notes => {
  let buildId: string | undefined;
  let linuxVersion: string | undefined;
  for (const segment of segments) {
    if (segment.type !== PT_NOTE) continue;
    const end = Math.min(segment.offset + segment.fileSize, reader.length);
    for (let at = segment.offset; at + 12 <= end; ) {
      const nameSize = reader.u32(at) ?? 0;
      const size = reader.u32(at + 4) ?? 0;
      const type = reader.u32(at + 8);
      const name = reader.text(at + 12, 16);
      const body = at + 12 + align4(nameSize);
      if (name === 'Linux' && type === 0 && size === 4) linuxVersion ??= versionText(reader.u32(body));
      if (name === 'GNU' && type === 3 && size <= 64) buildId ??= hexText(reader, body, size);
      at = body + align4(size);
    }
  }
  return { buildId, linuxVersion };
};

const align4 = (size: number): number => (size + 3) & ~3 & 0x7fffffff;

const versionText = (code: number | undefined): string | undefined =>
  code === undefined ? undefined : `${code >>> 16}.${(code >>> 8) & 255}.${code & 255}`;

const hexText = (reader: ElfReader, at: number, size: number): string | undefined => {
  const parts: string[] = [];
  for (let index = 0; index < size; index += 1) {
    const byte = reader.u8(at + index);
    if (byte === undefined) return undefined;
    parts.push(byte.toString(16).padStart(2, '0'));
  }
  return parts.join('');
};
