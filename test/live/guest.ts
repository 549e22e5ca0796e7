import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onPath, testRoots } from './needs.js';

/**
 * Live tests on other kernels: QEMU boots a stock Debian kernel, with no KVM and no modules, and runs test files of
 * this project there. What it boots from is made by .ci/guests, what runs first in it is .ci/guest-init.
 */

/** How one test file ended in a guest (undefined: it did not), and all that it printed. */
export interface GuestRun {
  readonly status: number | undefined;
  readonly log: string;
}

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = 'qemu-system-x86_64';
const guestFolder = (guest: string): string => join(testRoots, 'guests', guest);

/** What a test in `guest` ("5.10-trixie") needs that is not here; undefined: nothing. */
export const lacksGuest = (guest: string): string | undefined => {
  if (onPath(PROGRAM) === undefined) return `live test needs ${PROGRAM}`;
  return existsSync(join(guestFolder(guest), 'root.img')) ? undefined : `no guest ${guest}: see .ci/guests`;
};

/**
 * Boots `guest` once and runs test files in it, one after the other: their names as in test/live, without what all end with.
 * Throws with the end of its console when it did not come to its end.
 */
export const runInGuest = async (guest: string, files: readonly string[]): Promise<ReadonlyMap<string, GuestRun>> => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-guest-'));
  const at = (...names: readonly string[]): string => join(folder, ...names);
  try {
    writeFileSync(at('guest-run'), scriptOf(files), { mode: 0o755 });
    const parts = ['package.json', 'dist', 'probes', 'src', 'test', 'node_modules'];
    await execa('tar', ['--create', '--file', at('tests'), '-C', folder, 'guest-run', '-C', PROJECT, ...parts]);
    writeFileSync(at('results'), '');
    truncateSync(at('results'), 64 << 20);
    const complaint = await boot(guest, at);
    mkdirSync(at('out'));
    await execa('tar', ['--extract', '--file', at('results'), '-C', at('out')], { reject: false });
    if (!existsSync(at('out', 'status')))
      throw new Error([`${guest} did not come to its end`, complaint, ...lastLines(textOf(at('console')))].join('\n'));
    return new Map(
      files.map((file) => {
        const [status, log] = [textOf(at('out', `${file}.status`)), textOf(at('out', `${file}.log`))];
        return [file, { status: status === '' ? undefined : Number(status), log }];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const lastLines = (text: string): readonly string[] => text.split('\n').slice(-30);

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** By Node itself, not by launch.mjs: the guest's clock may be behind, and there is nothing to build. */
const scriptOf = (files: readonly string[]): string => `#!/bin/bash
for file in ${files.join(' ')}; do
  node --test --test-concurrency=1 --test-reporter=./dist/test/reporter.js dist/test/live/$file.live.test.js >/out/$file.log 2>&1
  echo $? >/out/$file.status
done
`;

/**
 * One thread for both CPUs: with a thread each, kernels died while they patched their own code. NVMe, because it is
 * built into these kernels; a serial number each, because the names of the disks change. What is written to the root is
 * forgotten. Resolves, when the guest has ended, with what QEMU said.
 */
const boot = async (guest: string, at: (name: string) => string): Promise<string> => {
  const drive = (id: string, file: string, how: string): readonly string[] => [
    ...['-drive', `if=none,id=${id},file=${file},format=raw,${how}`],
    ...['-device', `nvme,drive=${id},serial=${id}`],
  ];
  const { stderr, timedOut } = await execa(
    PROGRAM,
    [
      ...['-M', 'q35', '-cpu', 'max', '-accel', 'tcg,thread=single', '-smp', '2', '-m', '2048'],
      ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', `file:${at('console')}`],
      ...drive('root', join(guestFolder(guest), 'root.img'), 'snapshot=on'),
      ...drive('tests', at('tests'), 'readonly=on'),
      ...drive('results', at('results'), 'cache=unsafe'),
      ...['-kernel', join(guestFolder(guest), 'kernel')],
      ...[
        '-append',
        `console=ttyS0 panic=-1 quiet root=PARTUUID=76647377-01 rootwait rw rootfstype=ext4 init=/guest-init`,
      ],
    ],
    { stdin: 'ignore', timeout: HANGS_MS, reject: false },
  );
  return timedOut ? `still running after ${HANGS_MS} ms` : stderr;
};

const HANGS_MS = 840_000;
