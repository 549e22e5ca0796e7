import { DOCTOR, type DoctorReport, type Target } from '../model/doctor-schema.js';
import { columns } from '../report/table.js';
import type { Diagnosis } from './diagnose.js';

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
