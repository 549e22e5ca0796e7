import { spawn } from 'node:child_process';
import { createReadStream, existsSync, openSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onPath } from '../live/needs.js';
import { type Benchmark, gathering, insist, type Row } from './benchmark.js';
import { ended, MAIN, metered, NO_COMPILER, pause } from './programs.js';

/** Reading a recording of a million events. */
export const recordings: Benchmark = {
  name: 'recordings',
  says:
    'replay -o ndjson and analyze of a recording (made by record from a bpftrace that is played) against JSON.parse of\n' +
    'its lines in Node, and against jq -c . of it. Replay has to print as many events as were made, jq as many lines\n' +
    'as the file has, JSON.parse has to parse each.',
  run: async ({ short, pairs, programs }) => {
    const { storm, folder } = programs;
    if (storm === undefined) return NO_COMPILER;
    const events = short ? 5_000 : 1_000_000;
    const file = join(folder, 'recording.ndjson');
    await make(storm, folder, file, events);
    const lines = await count(file, '\n');
    const parse = `
      const { createReadStream } = require('node:fs');
      let rest = '', parsed = 0;
      createReadStream(process.argv[1], { highWaterMark: 1 << 20 }).setEncoding('latin1').on('data', (chunk) => {
        const lines = (rest + chunk).split('\\n');
        rest = lines.pop();
        for (const line of lines) { JSON.parse(line); parsed += 1; }
      }).on('end', () => process.exit(parsed === ${lines} ? 0 : 1));`;
    const jq = onPath('jq');
    const sides: Readonly<Record<string, readonly string[]>> = {
      replay: [process.execPath, MAIN, 'replay', file, '-o', 'ndjson'],
      analyze: [process.execPath, MAIN, 'analyze', file, '-o', 'json'],
      parse: [process.execPath, '-e', parse, file],
      ...(jq === undefined ? {} : { jq: [jq, '-c', '.', file] }),
    };
    const times = gathering();
    for (let pair = 0; pair < (short ? 1 : Math.min(pairs, 5)); pair++)
      for (const [side, command] of Object.entries(sides)) {
        const into = join(folder, 'printed');
        const { cpuMs, wallMs, rssMb, status } = await metered(programs, command, {
          stdout: pair === 0 ? openSync(into, 'w') : 'ignore',
        });
        // analyze: 1, a process that is not well, as it should be.
        insist(status === 0 || (side === 'analyze' && status === 1), `${side} ended with ${status}`);
        if (pair === 0) {
          if (side === 'replay') insist((await count(into, '"tid":')) === events, 'replay printed other events');
          if (side === 'jq') insist((await count(into, '\n')) === lines, 'jq printed other lines');
          rmSync(into);
        }
        times.add(side, wallMs);
        times.add(`${side} cpu`, cpuMs);
        times.add(`${side} rss`, rssMb);
      }
    const rows: Row[] = [];
    for (const side of ['replay', 'analyze']) {
      const what = `${side} of ${events} events`;
      const ours = times.median(side);
      rows.push({ what, ours, theirs: times.median('parse'), unit: 'ms', against: 'JSON.parse', reach: { most: 2 } });
      if (jq !== undefined)
        rows.push({ what, ours, theirs: times.median('jq'), unit: 'ms', against: 'jq -c .', reach: { most: 1 / 3 } });
      rows.push({
        what: `${what}, memory`,
        ours: times.median(`${side} rss`),
        theirs: times.median('parse rss'),
        unit: 'MB',
        against: 'JSON.parse',
        reach: { ours: 200 },
      });
    }
    return rows;
  },
};

const make = async (storm: string, folder: string, file: string, events: number): Promise<void> => {
  const fake = join(folder, 'fake-bpftrace');
  if (!existsSync(fake)) symlinkSync(storm, fake);
  const done = join(folder, 'done');
  const recorder = spawn(process.execPath, [MAIN, 'record', '-o', file], {
    stdio: 'ignore',
    env: {
      ...process.env,
      VDSOWATCH_BPFTRACE: fake,
      FAKE_EVENTS: String(events),
      FAKE_PROCESSES: '100',
      FAKE_DONE: done,
    },
  });
  while (!existsSync(done)) {
    insist(recorder.exitCode === null, 'record ended early');
    await pause(100);
  }
  await pause(2000);
  recorder.kill('SIGINT');
  await ended(recorder);
  rmSync(done);
  insist(statSync(file).size > 0, 'nothing was recorded');
};

/** Occurrences at most once a line, or of the line's end. */
const count = async (file: string, text: string): Promise<number> => {
  let found = 0;
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') }))
    if (text === '\n' || line.includes(text)) found += 1;
  return found;
};
