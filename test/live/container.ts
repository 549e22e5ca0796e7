import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';
import { onPath, testRoots } from './needs.js';

/** A container of runc that runs a static busybox in namespaces of its own, and is gone after the test. */
export interface Container {
  readonly group: string;
  /** Its first process, as our /proc numbers it now. */
  readonly pid: () => number;
  /** Where its images and CRIU's logs go. */
  readonly images: string;
  readonly work: string;
  readonly checkpoint: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

/** `hook`: an action script for CRIU, named where runtimes look but in a configuration file of the test's own. */
export const startContainer = async (context: TestContext, shell: string, hook: string): Promise<Container> => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-container-'));
  const at = (name: string): string => join(folder, name);
  const id = `vdsowatch-test-${process.pid}`;
  for (const name of ['rootfs/bin', 'rootfs/proc', 'rootfs/dev', 'images', 'work'])
    mkdirSync(at(name), { recursive: true });
  copyFileSync(onPath('busybox') ?? '', at('rootfs/bin/sh'));
  writeFileSync(at('config.json'), JSON.stringify(configOf(id, shell)));
  writeFileSync(at('criu.conf'), `action-script ${hook}\n`);
  const env = {
    PATH: `${join(testRoots, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    CRIU_CONFIG_FILE: at('criu.conf'),
  };
  // What it is started with stays open in the container, and would be dumped.
  const runc = async (...words: readonly string[]): Promise<void> => {
    const all = ['--root', at('state'), '--log', at('runc.log'), ...words];
    const { exitCode } = await execa('runc', all, { env, stdio: 'ignore', reject: false });
    if (exitCode !== 0)
      throw new Error(`runc ${words[0]}: ${[at('runc.log'), at('work/dump.log')].map(tail).join('\n')}`);
  };
  const place = ['--image-path', at('images'), '--work-path', at('work')];
  const begin = ['--pid-file', at('pid'), '--bundle', folder];
  context.after(async () => {
    await runc('delete', '--force', id);
    rmSync(folder, { recursive: true, force: true });
  });
  await runc('run', '--detach', ...begin, id);
  return {
    group: `/${id}`,
    pid: () => Number(readFileSync(at('pid'), 'latin1')),
    images: at('images'),
    work: at('work'),
    checkpoint: () => runc('checkpoint', ...place, id),
    restore: () => runc('restore', '--detach', ...place, ...begin, id),
  };
};

const tail = (path: string): string =>
  existsSync(path) ? readFileSync(path, 'latin1').split('\n').slice(-20).join('\n') : '';

/** Without a network namespace: CRIU would want iptables to lock it. */
const configOf = (id: string, shell: string) => ({
  ociVersion: '1.0.2',
  process: { args: ['/bin/sh', '-c', shell], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
  root: { path: 'rootfs', readonly: true },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
  ],
  linux: { cgroupsPath: `/${id}`, namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
});
