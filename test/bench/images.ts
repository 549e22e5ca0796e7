import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Benchmark, gathering, insist, type Row } from './benchmark.js';
import { MAIN, metered, NO_COMPILER, pause } from './programs.js';

const ROOTS = process.env['VDSOWATCH_TEST_ROOTS'] ?? '/var/cache/vdsowatch-test';

/** A post-mortem of a large CRIU image. */
export const images: Benchmark = {
  name: 'images',
  says:
    'analyze of a CRIU image directory (a process with thousands of mappings) against crit decode of the same files,\n' +
    'one after the other and in one crit that decodes them all. Both have to find the vDSO at the same address.',
  run: async ({ short, pairs, programs }) => {
    const { storm, folder } = programs;
    if (storm === undefined) return NO_COMPILER;
    const [criu, crit] = [join(ROOTS, 'bin/criu'), join(ROOTS, 'bin/crit')];
    if (!existsSync(criu) || !existsSync(crit)) return { notMeasured: `no criu and crit in ${ROOTS}/bin` };
    const directory = join(folder, 'img');
    const pid = await dump(criu, storm, directory, short ? 200 : 20_000);
    const names = readdirSync(directory).filter((name) => name.endsWith('.img') && !name.startsWith('pages-'));
    const all = join(folder, 'crit-all');
    writeFileSync(
      all,
      `for name in ${names.map((name) => `'${name}'`).join(' ')}; do '${crit}' decode -i '${directory}/'"$name" || exit 1; done\n`,
    );
    const times = gathering();
    for (let pair = 0; pair < pairs; pair++) {
      const printed = join(folder, `printed-${pair}`);
      const ours = await metered(programs, [process.execPath, MAIN, 'analyze', directory, '-o', 'json'], {
        stdout: openSync(printed, 'w'),
      });
      insist(ours.status === 0 || ours.status === 1, `analyze ended with ${ours.status}`);
      const decoded = join(folder, `decoded-${pair}`);
      const theirs = await metered(programs, ['sh', all], { stdout: openSync(decoded, 'w') });
      insist(theirs.status === 0, 'crit failed');
      const vdso = vdsoIn(readFileSync(printed, 'utf8'));
      const start = markedIn(readFileSync(decoded, 'latin1'));
      insist(vdso !== undefined && vdso === start, `the vDSO of ${pid}: ${vdso}, ${start}`);
      times.add('analyze', ours.wallMs);
      times.add('crit', theirs.wallMs);
    }
    const rows: Row[] = [
      {
        what: `analyze of an image with ${short ? 400 : 40_000} mappings`,
        ours: times.median('analyze'),
        theirs: times.median('crit'),
        unit: 'ms',
        against: `crit decode of its ${names.length} files`,
        reach: { most: 1 / 5 },
      },
    ];
    return rows;
  },
};

const dump = async (criu: string, storm: string, directory: string, mappings: number): Promise<number> => {
  const child = spawn(storm, ['maps', String(mappings)], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  try {
    await once(child.stdout, 'data');
    await pause(200);
    mkdirSync(directory);
    const args = ['dump', '-t', String(child.pid), '-D', directory, '-v1', '--manage-cgroups=ignore', '-o', 'dump.log'];
    const { status } = spawnSync(criu, args, { stdio: 'ignore' });
    insist(status === 0, `criu dump failed: ${readFileSync(join(directory, 'dump.log'), 'latin1').slice(-500)}`);
  } finally {
    child.kill('SIGKILL');
  }
  return child.pid ?? 0;
};

/** What CRIU took for the vDSO, as crit prints it: VMA_AREA_VDSO (criu/include/image.h). */
const markedIn = (decoded: string): bigint | undefined => {
  for (const [, start = '', status] of decoded.matchAll(/"start": (\d+)[^{}]*"status": (\d+)/g))
    if ((Number(status) & VMA_AREA_VDSO) !== 0) return BigInt(start);
  return undefined;
};
const VMA_AREA_VDSO = 8;

const vdsoIn = (json: string): bigint | undefined => {
  const [, start] = /"vdso":\{"start":"(0x[0-9a-f]+)"/.exec(json.replaceAll(/\s/g, '')) ?? [];
  return start === undefined ? undefined : BigInt(start);
};
