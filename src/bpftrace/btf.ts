/**
 * BTF, the kernel's own description of its types (/sys/kernel/btf/vmlinux): as much of it as tells at which offset a
 * member lies. Format: Documentation/bpf/btf.rst, include/uapi/linux/btf.h; kinds 1 to 19 (ENUM64, 6.0).
 */
export interface Btf {
  /** The id of `struct NAME`; undefined when there is none with members. */
  readonly structNamed: (name: string) => number | undefined;
  readonly member: (type: number, name: string) => Member | undefined;
  /** What a pointer points at; undefined for any other type. */
  readonly pointee: (type: number) => number | undefined;
  /** Bytes and sign of a value that fits a register; undefined for structures, arrays and bit fields. */
  readonly scalar: (type: number) => Scalar | undefined;
}

interface Member {
  /** In bytes from the start of the structure it was asked of, through unnamed members. */
  readonly offset: number;
  readonly type: number;
}

export interface Scalar {
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

/** undefined: not BTF, cut short, or newer than this reader. Reading it costs some 20 ms for a whole kernel. */
export const readBtf = (bytes: Uint8Array): Btf | undefined => {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint16(0, true) === MAGIC;
  if (!little && view.getUint16(0, false) !== MAGIC) return undefined;
  const word = (at: number): number => view.getUint32(at, little);
  const header = word(4);
  const typesFrom = header + word(8);
  const typesTo = typesFrom + word(12);
  const strings = header + word(16);
  if (typesTo > bytes.length || strings + word(20) > bytes.length) return undefined;

  // Where each type starts, by its id; id 0 is void.
  const starts: number[] = [-1];
  let next = typesFrom;
  while (next < typesTo) {
    if (next + 12 > typesTo) return undefined;
    const info = word(next + 4);
    const tail = bytesAfter(kindOf(info), info & 0xffff);
    if (tail === undefined) return undefined;
    starts.push(next);
    next += 12 + tail;
  }
  if (next !== typesTo) return undefined;

  const named = (at: number, name: Buffer): boolean => {
    const from = strings + word(at);
    if (from + name.length >= bytes.length || bytes[from + name.length] !== 0) return false;
    for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false;
    return true;
  };

  /** Past typedefs, qualifiers and type tags; bounded, a hostile file may go in circles. */
  const plain = (type: number): { type: number; at: number; kind: number } | undefined => {
    let id = type;
    for (let depth = 0; depth < 32; depth++) {
      const at = starts[id];
      if (at === undefined || at < 0) return undefined;
      const kind = kindOf(word(at + 4));
      if (!ALIASES.has(kind)) return { type: id, at, kind };
      id = word(at + 8);
    }
    return undefined;
  };

  const memberOf = (type: number, name: Buffer, depth: number): Member | undefined => {
    const aggregate = plain(type);
    if (aggregate === undefined || (aggregate.kind !== STRUCT && aggregate.kind !== UNION) || depth > 16)
      return undefined;
    const info = word(aggregate.at + 4);
    const bitFields = info >>> 31 === 1;
    for (let i = 0; i < (info & 0xffff); i++) {
      const at = aggregate.at + 12 + 12 * i;
      const bits = bitFields ? word(at + 8) & 0xffffff : word(at + 8);
      const inner = word(at + 4);
      if (named(at, name)) {
        const isBitField = bitFields && word(at + 8) >>> 24 !== 0;
        return isBitField || bits % 8 !== 0 ? undefined : { offset: bits / 8, type: inner };
      }
      if (!named(at, NOTHING)) continue;
      const found = memberOf(inner, name, depth + 1);
      if (found !== undefined) return { offset: bits / 8 + found.offset, type: found.type };
    }
    return undefined;
  };

  return {
    structNamed: (name) => {
      const wanted = Buffer.from(name);
      const id = starts.findIndex((at) => {
        if (at < 0) return false;
        const info = word(at + 4);
        return kindOf(info) === STRUCT && (info & 0xffff) > 0 && named(at, wanted);
      });
      return id === -1 ? undefined : id;
    },
    member: (type, name) => memberOf(type, Buffer.from(name), 0),
    pointee: (type) => {
      const pointer = plain(type);
      return pointer?.kind === POINTER ? word(pointer.at + 8) : undefined;
    },
    scalar: (type) => {
      const value = plain(type);
      if (value === undefined) return undefined;
      if (value.kind === POINTER) return { size: 8, signed: false };
      if (value.kind !== INTEGER && value.kind !== ENUM) return undefined;
      const size = word(value.at + 8);
      const signed = value.kind === INTEGER && ((word(value.at + 12) >>> 24) & 1) === 1;
      return size === 1 || size === 2 || size === 4 || size === 8 ? { size, signed } : undefined;
    },
  };
};

const MAGIC = 0xeb9f;
const INTEGER = 1;
const POINTER = 2;
const STRUCT = 4;
const UNION = 5;
const ENUM = 6;
/** typedef, volatile, const, restrict, type tag. */
const ALIASES: ReadonlySet<number> = new Set([8, 9, 10, 11, 18]);
const NOTHING = Buffer.alloc(0);

const kindOf = (info: number): number => (info >>> 24) & 0x1f;

/** Bytes that follow the 12 common ones, for `count` members; undefined: a kind this reader does not know. */
const bytesAfter = (kind: number, count: number): number | undefined => {
  const [fixed, each] = TAILS[kind] ?? [];
  return fixed === undefined || each === undefined ? undefined : fixed + each * count;
};

const TAILS: readonly (readonly [fixed: number, each: number] | undefined)[] = [
  undefined,
  [4, 0], // INT
  [0, 0], // PTR
  [12, 0], // ARRAY
  [0, 12], // STRUCT
  [0, 12], // UNION
  [0, 8], // ENUM
  [0, 0], // FWD
  [0, 0], // TYPEDEF
  [0, 0], // VOLATILE
  [0, 0], // CONST
  [0, 0], // RESTRICT
  [0, 0], // FUNC
  [0, 8], // FUNC_PROTO
  [4, 0], // VAR
  [0, 12], // DATASEC
  [0, 0], // FLOAT
  [4, 0], // DECL_TAG
  [0, 0], // TYPE_TAG
  [0, 12], // ENUM64
];
