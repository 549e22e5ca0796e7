import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Value } from '@sinclair/typebox/value';
import { doctorReport } from '../../src/commands/doctor.js';
import { diagnose } from '../../src/doctor/diagnose.js';
import { localMachine } from '../../src/doctor/machine.js';
import { readTarget } from '../../src/doctor/target.js';
import { isMeasured } from '../../src/hint/mremap-test.js';
import { DoctorJson } from '../../src/model/doctor-schema.js';
import { procFiles } from '../../src/proc/files.js';
import { readLocalHost } from '../../src/proc/host.js';
import { needs } from './needs.js';

const built = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

test(
  'a host where all is well: live tracing works, and the report keeps to its schema',
  needs('root', 'bpftrace'),
  async () => {
    const files = procFiles();
    const local = readLocalHost(files);
    const diagnosis = await diagnose(localMachine(), files, local);
    const failed = diagnosis.checks.filter(({ status }) => status === 'fail');
    assert.deepEqual(failed, []);
    assert.equal(diagnosis.liveTracing, true);
    const target = await readTarget(local, diagnosis.tests);
    assert.deepEqual([...Value.Errors(DoctorJson, doctorReport(diagnosis, target))], []);
  },
);

test("the target tells each ABI's vDSO: size, data mappings, symbols, build id", async () => {
  const files = procFiles();
  const local = readLocalHost(files);
  const { tests } = await diagnose({ ...localMachine(), find: () => undefined }, files, local);
  const { images } = await readTarget(local, tests);
  assert.deepEqual(
    Object.keys(images),
    tests.filter(isMeasured).map(({ abi }) => abi),
  );
  for (const [abi, image] of Object.entries(images)) {
    const gettime = abi === 'aarch64' ? '__kernel_clock_gettime' : '__vdso_clock_gettime';
    const offset = image.symbols[gettime];
    assert.ok(offset !== undefined && offset > 0 && offset < image.size, `${abi}: ${gettime}`);
    assert.match(image.buildId ?? '', /^[0-9a-f]{40}$/, abi);
    assert.equal(
      image.dataSize,
      image.data.reduce((sum, { size }) => sum + size, 0),
    );
    assert.ok(image.data.length > 0 && image.vdsoBeforeData !== null, abi);
  }
});

test('without bpftrace and not root: said with what to do', async () => {
  const files = procFiles();
  const machine = { ...localMachine(), find: () => undefined, env: { VDSOWATCH_BPFTRACE: '/nowhere' }, uid: 1000 };
  const { checks, liveTracing } = await diagnose(machine, files, readLocalHost(files));
  assert.equal(liveTracing, false);
  const failed = new Map(checks.filter(({ status }) => status === 'fail').map(({ code, mend }) => [code, mend]));
  assert.match(failed.get('user') ?? '', /root/);
  assert.match(failed.get('bpftrace') ?? '', /VDSOWATCH_BPFTRACE/);
});

test('setup mounts tracefs where it is not mounted', needs('root', 'bpftrace'), async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-setup-'));
  const script = `
    import { ensureTools } from ${built('doctor/setup.js')};
    import { existsSync } from 'node:fs';
    const before = existsSync('/sys/kernel/tracing/events');
    const unwilling = await ensureTools({ consent: 'no' });
    const willing = await ensureTools({ consent: 'yes' });
    console.log(JSON.stringify({ before, unwilling, willing, after: existsSync('/sys/kernel/tracing/events') }));
  `;
  // A mount namespace of its own: the host's tracefs stays where it is.
  const hide = 'umount -l /sys/kernel/tracing; umount -l /sys/kernel/debug 2>/dev/null; exec "$@"';
  try {
    const command = [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      hide,
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const { stdout } = await promisify(execFile)('unshare', command, { cwd: folder });
    const said: unknown = JSON.parse(stdout);
    assert.deepEqual(said, {
      before: false,
      unwilling: {
        ready: false,
        notes: [
          'tracefs is not mounted: run: mount -t tracefs tracefs /sys/kernel/tracing   (or vdsowatch doctor --setup)',
        ],
      },
      willing: { ready: true, notes: ['tracefs has been mounted.'] },
      after: true,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
