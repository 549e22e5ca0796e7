/**
 * The mark CRIU writes over the ELF header of a runtime vDSO it left behind for a proxy (struct vdso_mark,
 * criu/include/parasite-vdso.h): signature, proxy address, and since V2 version and proxy's vvar, since V3 (CRIU 3.5)
 * the runtime vvar. Anybody can write these bytes: a mark alone proves nothing.
 */
export interface Mark {
  readonly version: 1 | 2 | 3;
  /** The version field says what the signature says; V3 with another number makes CRIU fail. */
  readonly consistent: boolean;
  readonly proxy: bigint;
  readonly proxyVvar: bigint | undefined;
  readonly runtimeVvar: bigint | undefined;
}

const SIGNATURES = new Map<bigint, Mark['version']>([
  [0x6f73647675697263n, 1],
  [0x4f53447675697263n, 2],
  [0x4f53447655495243n, 3],
]);

/** VDSO_BAD_ADDR, VVAR_BAD_ADDR. */
const NOWHERE = 0xffffffffffffffffn;

/** Undefined when the bytes do not begin with a mark. In the byte order of the machine; 64-bit fields for every ABI. */
export const parseMark = (bytes: Uint8Array | undefined): Mark | undefined => {
  if (bytes === undefined || bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const littleEndian of [true, false]) {
    const version = SIGNATURES.get(view.getBigUint64(0, littleEndian));
    if (version === undefined) continue;
    const field = (at: number): bigint | undefined => {
      if (bytes.length < at + 8) return undefined;
      const value = view.getBigUint64(at, littleEndian);
      return value === NOWHERE ? undefined : value;
    };
    return {
      version,
      consistent: version === 1 || field(16) === BigInt(version),
      proxy: view.getBigUint64(8, littleEndian),
      proxyVvar: version === 1 ? undefined : field(24),
      runtimeVvar: version === 3 ? field(32) : undefined,
    };
  }
  return undefined;
};
