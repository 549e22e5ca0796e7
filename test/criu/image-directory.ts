import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  CoreSchema,
  InventorySchema,
  type MappedAreaSchema,
  MemorySchema,
  PagemapEntrySchema,
  PagemapHeadSchema,
  TaskSchema,
} from '../../src/criu/schema/image_pb.js';
import { framed, imageFile } from './image-file.js';

export interface BuiltProcess {
  readonly pid: number;
  readonly vmas: readonly MessageInitShape<typeof MappedAreaSchema>[];
  readonly auxv?: readonly bigint[];
  readonly pagemap?: readonly MessageInitShape<typeof PagemapEntrySchema>[];
  readonly pages?: Uint8Array;
  readonly ip?: bigint;
  readonly mode?: number;
  readonly comm?: string;
  /** Default: x86_64. */
  readonly machine?: 'aarch64';
}

export const VDSO_STATUS = 0x209;
export const VVAR_STATUS = 0x1201;
export const PLAIN_STATUS = 0x201;

/** Writes a small but whole image directory of one process. */
export const writeImages = (path: string, built: BuiltProcess): void => {
  mkdirSync(path, { recursive: true });
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(path, name), bytes);
  const { pid } = built;
  put('inventory.img', imageFile('inventory', InventorySchema, [{ imgVersion: 2 }]));
  put('pstree.img', imageFile('pstree', TaskSchema, [{ pid, ppid: 0, threads: [pid] }]));
  const ip = built.ip ?? 0x401000n;
  const core = {
    ...(built.machine === 'aarch64'
      ? { mtype: 3, aarch64: { registers: { pc: ip } } }
      : { mtype: 1, x86: { registers: { ip, mode: built.mode ?? 1 } } }),
    task: { taskState: 1, comm: Buffer.from(built.comm ?? 'built') },
  };
  put(`core-${pid}.img`, imageFile('core', CoreSchema, [core]));
  put(`mm-${pid}.img`, imageFile('mm', MemorySchema, [{ vmas: [...built.vmas], savedAuxv: [...(built.auxv ?? [])] }]));
  const entries = (built.pagemap ?? []).map((entry) => toBinary(PagemapEntrySchema, create(PagemapEntrySchema, entry)));
  const head = toBinary(PagemapHeadSchema, create(PagemapHeadSchema, { pagesId: 1 }));
  put(`pagemap-${pid}.img`, framed('pagemap', [head, ...entries]));
  if (built.pages !== undefined) put('pages-1.img', built.pages);
};
