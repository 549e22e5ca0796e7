/** What a made core file holds; every segment becomes a PT_LOAD and, with a path, an NT_FILE entry. x86_64. */
export interface CoreRecipe {
  readonly pid: number;
  readonly comm: string;
  readonly ip: bigint;
  readonly signal: number;
  readonly address: bigint;
  readonly auxv: readonly (readonly [bigint, bigint])[];
  readonly segments: readonly {
    readonly start: bigint;
    readonly flags: number;
    readonly content: Uint8Array;
    readonly path: string;
  }[];
}

/** Bytes of an ELF core as fs/binfmt_elf.c lays it out: header, program headers, notes, memory. */
export const coreFile = (recipe: CoreRecipe): Buffer => {
  const notes = Buffer.concat([prstatus(recipe), prpsinfo(recipe), siginfo(recipe), auxv(recipe), files(recipe)]);
  const count = recipe.segments.length + 1;
  const headers = Buffer.alloc(64 + 56 * count);
  headers.write('\u007fELF', 'latin1');
  headers.set([2, 1, 1], 4);
  headers.writeUInt16LE(4, 16);
  headers.writeUInt16LE(62, 18);
  headers.writeBigUInt64LE(64n, 32);
  headers.writeUInt16LE(56, 54);
  headers.writeUInt16LE(count, 56);
  let at = headers.length;
  const entry = (index: number, type: number, flags: number, start: bigint, size: number): void => {
    const base = 64 + 56 * index;
    headers.writeUInt32LE(type, base);
    headers.writeUInt32LE(flags, base + 4);
    headers.writeBigUInt64LE(BigInt(at), base + 8);
    headers.writeBigUInt64LE(start, base + 16);
    headers.writeBigUInt64LE(BigInt(size), base + 32);
    headers.writeBigUInt64LE(BigInt(size), base + 40);
    at += size;
  };
  entry(0, 4, 0, 0n, notes.length);
  for (const [index, { start, flags, content }] of recipe.segments.entries()) {
    entry(index + 1, 1, flags, start, content.length);
  }
  return Buffer.concat([headers, notes, ...recipe.segments.map(({ content }) => content)]);
};

const note = (type: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(12 + 8);
  head.writeUInt32LE(5, 0);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(type, 8);
  head.write('CORE', 12, 'latin1');
  return Buffer.concat([head, body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
};

const prstatus = ({ pid, ip }: CoreRecipe): Buffer => {
  const body = Buffer.alloc(336);
  body.writeUInt32LE(pid, 32);
  body.writeBigUInt64LE(ip, 112 + 16 * 8);
  return note(1, body);
};

const prpsinfo = ({ comm }: CoreRecipe): Buffer => {
  const body = Buffer.alloc(136);
  body.write(comm, 40, 15, 'latin1');
  return note(3, body);
};

const siginfo = ({ signal, address }: CoreRecipe): Buffer => {
  const body = Buffer.alloc(128);
  body.writeUInt32LE(signal, 0);
  body.writeBigUInt64LE(address, 16);
  return note(0x53494749, body);
};

const auxv = (recipe: CoreRecipe): Buffer => note(6, words([...recipe.auxv, [0n, 0n] as const].flat()));

const files = ({ segments }: CoreRecipe): Buffer => {
  const named = segments.filter(({ path }) => path !== '');
  const ranges = named.flatMap(({ start, content }) => [start, start + BigInt(content.length), 0n]);
  const paths = Buffer.from(named.map(({ path }) => `${path}\0`).join(''), 'latin1');
  return note(0x46494c45, Buffer.concat([words([BigInt(named.length), 4096n, ...ranges]), paths]));
};

const words = (values: readonly bigint[]): Buffer => {
  const body = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) body.writeBigUInt64LE(value, index * 8);
  return body;
};
