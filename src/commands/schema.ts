import { HintJson } from '../hint/schema.js';
import { DiffJson } from '../model/diff.js';
import { DoctorJson } from '../model/doctor-schema.js';
import { EventJson } from '../model/event-schema.js';
import { EXIT } from '../model/failure.js';
import { ReportOrLineJson } from '../model/report.js';
import { say } from '../report/complain.js';
import { standardOutput } from '../report/output.js';
import { TraceRecord } from '../trace/format.js';

/** Every kind of JSON document that leaves the program, by the name it carries in its `schema` field. */
const documents = [ReportOrLineJson, DiffJson, EventJson, TraceRecord, HintJson, DoctorJson];

/** What TypeBox writes: its tuples (items as a list) are no schema at all to who takes the newest dialect for granted. */
const DIALECT = 'http://json-schema.org/draft-07/schema#';

/** `vdsowatch schema [NAME]`: prints the JSON Schemas, all of them or the one asked for. */
export const run = async (name: string | undefined): Promise<number> => {
  const wanted = documents.filter((document) => name === undefined || document.$id === name);
  if (wanted.length === 0) {
    const known = documents.map((document) => document.$id).join(', ');
    say(`There is no schema of that name. There are: ${known}.`);
    return EXIT.usage;
  }
  const named = wanted.map((one) => ({ $schema: DIALECT, ...one }));
  const schema = name === undefined ? Object.fromEntries(named.map((one) => [one.$id, one])) : named[0];
  standardOutput().write(`${JSON.stringify(schema, null, 2)}\n`);
  return EXIT.well;
};
