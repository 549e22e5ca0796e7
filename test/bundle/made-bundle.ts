import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pack } from 'tar-stream';

export const MAPS = `7f1000000000-7f1000004000 r--p 00000000 00:00 0                          [vvar]
7f1000004000-7f1000006000 r--p 00000000 00:00 0                          [vvar_vclock]
7f1000006000-7f1000008000 r-xp 00000000 00:00 0                          [vdso]
`;

export const JSON_TEXT = JSON.stringify({
  format: 'vdsowatch-bundle/1',
  host: { release: '6.18.5', machine: 'x86_64', pageSize: 4096, hintTest: 'kept' },
  reference: { x86_64: ['0x2861', '0x2862'] },
  note: 'made up',
});

export const AUXV = new Uint8Array(new BigUint64Array([33n, 0x7f1000006000n, 6n, 4096n, 0n, 0n]).buffer);

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** The smallest good bundle; tests change one thing of it. */
export const GOOD: Files = { 'bundle.json': JSON_TEXT, '77/maps': MAPS, '77/auxv': AUXV };

/** Writes files below a fresh directory and hands it over; removes it afterwards. */
export const withDirectory = async <T>(files: Files, use: (path: string) => Promise<T>): Promise<T> => {
  const path = mkdtempSync(join(tmpdir(), 'vdsowatch-bundle-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), content);
    }
    return await use(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
};

export interface Entry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly type?: 'file' | 'symlink' | 'link' | 'directory' | 'fifo' | 'character-device';
  readonly linkname?: string;
}

/** A tar archive in memory. */
export const archive = async (entries: readonly Entry[]): Promise<Buffer> => {
  const tar = pack();
  const chunks: Buffer[] = [];
  tar.on('data', (chunk) => {
    if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  });
  const done = new Promise<void>((resolve, reject) => {
    tar.on('end', () => resolve());
    tar.on('error', reject);
  });
  for (const { name, content = '', type = 'file', linkname } of entries) {
    const header = linkname === undefined ? { name, type } : { name, type, linkname };
    tar.entry(header, typeof content === 'string' ? content : Buffer.from(content));
  }
  tar.finalize();
  await done;
  return Buffer.concat(chunks);
};

export const entriesOf = (files: Files, prefix = ''): readonly Entry[] =>
  Object.entries(files).map(([name, content]) => ({ name: `${prefix}${name}`, content }));
