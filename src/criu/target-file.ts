import { readFile, stat } from 'node:fs/promises';
import { Value } from '@sinclair/typebox/value';
import { DOCTOR, DoctorJson, type Target, TargetJson } from '../model/doctor-schema.js';
import { codeOf, failed, failure, type Outcome, success } from '../model/failure.js';
import { isShellsPipe } from '../text/shells-pipe.js';
import { shown } from './directory.js';

const MEND = 'Run `vdsowatch doctor --json > host.json` on the host to restore on.';

/** A host to restore on, from what `vdsowatch doctor --json` printed there (the whole document, or its `target`). */
export const readTargetFile = async (path: string): Promise<Outcome<Target>> => {
  let text: string;
  try {
    const entry = await stat(path);
    // A pipe may have no writer, and a device no end; a shell's own pipe is told by its place.
    if (!entry.isFile() && !entry.isDirectory() && !(entry.isFIFO() && isShellsPipe(path)))
      return failed(failure('bad-input', `${shown(path)} is no file.`, MEND));
    if (entry.size > LARGEST) return failed(failure('too-large', `${shown(path)} is too large to be a host.`, MEND));
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    return failed(failure('unreadable', `${shown(path)} cannot be read (${code}).`, MEND, error));
  }
  const target = parseTarget(text);
  return target.ok ? target : failed({ ...target.failure, text: `${shown(path)} ${target.failure.text}` });
};

/** A host with the vDSOs of four ABIs is some kilobytes. */
const LARGEST = 2 ** 20;

/** The text of a failure goes on after the name of the file. */
export const parseTarget = (text: string): Outcome<Target> => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return failed(failure('bad-input', 'is not JSON.', MEND, error));
  }
  if (Value.Check(DoctorJson, json)) return success(json.target);
  if (Value.Check(TargetJson, json)) return success(json);
  const named = typeof json === 'object' && json !== null && 'schema' in json ? String(json.schema) : '';
  const newer = /^vdsowatch\/doctor\/\d+$/.test(named) && named !== DOCTOR;
  return newer
    ? failed(failure('newer-format', 'is of a newer vdsowatch.', 'Use the same version of vdsowatch on both hosts.'))
    : failed(failure('bad-input', 'does not describe a host.', MEND));
};
