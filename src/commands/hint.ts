import { examineHint } from '../hint/examine.js';
import { hintReport } from '../hint/report.js';
import { hintText } from '../hint/table.js';
import { EXIT } from '../model/failure.js';
import { procFiles } from '../proc/files.js';
import { readLocalHost } from '../proc/host.js';
import { complain, say } from '../report/complain.js';
import { isForMachines, type OutputFormat, standardOutput } from '../report/output.js';
import { limits } from './limits.js';

export interface HintOptions {
  readonly output: OutputFormat;
}

/**
 * `vdsowatch hint`: does the name [vdso] go along with a moved vDSO on this kernel, and what follows for CRIU.
 * 0: it can be relied on; 1: it cannot; 3: the test could not be run.
 */
export const run = async ({ output }: HintOptions): Promise<number> => {
  const files = procFiles();
  const host = readLocalHost(files);
  const examined = await examineHint(files, host);
  if (!examined.ok) {
    complain(examined.failure);
    return EXIT.cannotRun;
  }
  const facts = examined.value;
  for (const note of limits(host, false)) say(note);
  const machine = isForMachines(output);
  standardOutput().write(machine ? `${JSON.stringify(hintReport(facts))}\n` : hintText(facts));
  if (facts.hint === 'kept') return EXIT.well;
  if (facts.hint === 'lost') return EXIT.notWell;
  const tests = facts.tests.map(({ abi, outcome }) => `${abi} ${outcome}`).join(', ');
  say(`The mremap test could not be run: ${tests || 'no test process is made for this machine'}.`);
  return EXIT.cannotRun;
};
