import { type Diagnosis, diagnose } from '../doctor/diagnose.js';
import { localMachine } from '../doctor/machine.js';
import { ensureTools } from '../doctor/setup.js';
import { readTarget } from '../doctor/target.js';
import { DOCTOR, type DoctorReport, type Target } from '../model/doctor-schema.js';
import { EXIT } from '../model/failure.js';
import { procFiles } from '../proc/files.js';
import { readLocalHost } from '../proc/host.js';
import { say } from '../report/complain.js';
import { isForMachines, type OutputFormat, standardOutput } from '../report/output.js';
import { columns } from '../report/table.js';

export interface DoctorOptions {
  readonly output: OutputFormat;
  /** Install bpftrace and mount tracefs first where they are missing. */
  readonly setup?: boolean | undefined;
}

/**
 * `vdsowatch doctor`: what works here, what does not, and the command that mends it. 0: live tracing works; 1: it does
 * not, and watch polls. The JSON form is also what `analyze --target` takes.
 */
export const run = async ({ output, setup }: DoctorOptions): Promise<number> => {
  const machine = localMachine();
  if (setup === true) for (const note of (await ensureTools({ consent: 'yes', machine })).notes) say(note);
  const files = procFiles();
  const local = readLocalHost(files);
  const diagnosis = await diagnose(machine, files, local);
  if (isForMachines(output))
    standardOutput().write(`${JSON.stringify(doctorReport(diagnosis, await readTarget(local, diagnosis.tests)))}\n`);
  else standardOutput().write(doctorText(diagnosis));
  return diagnosis.liveTracing ? EXIT.well : EXIT.notWell;
};

/** The machine form: "vdsowatch/doctor/1". */
export const doctorReport = ({ checks, liveTracing }: Diagnosis, target: Target): DoctorReport => ({
  schema: DOCTOR,
  liveTracing,
  checks: [...checks],
  target,
});

/** One line for each check: `ok|warn|fail  what  found -> what to do`. */
export const doctorText = ({ checks, liveTracing }: Diagnosis): string => {
  const rows = checks.map(({ status, what, found, mend }) => [
    status,
    what,
    mend === null ? found : `${found} -> ${mend}`,
  ]);
  const verdict = liveTracing
    ? 'Live tracing works.'
    : 'Live tracing does not work here: watch polls /proc instead. Mend what is marked fail.';
  return `${columns(rows)}\n${verdict}\n`;
};
