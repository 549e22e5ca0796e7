import type { EventLine } from '../model/event-schema.js';
import { TRACER } from '../model/state.js';
import { type LineChoice, lineFace } from '../report/lines.js';
import { isNamed } from '../text/comm.js';
import { escapeText } from '../text/escape.js';
import { wallTime } from '../text/time-of-day.js';
import { openByteSink } from './byte-sink.js';
import { happeningOf } from './decode-event.js';
import { SaidRecord } from './format.js';
import { EventRecord } from './format-event.js';
import type { LineReader } from './items.js';
import { fromDigits } from './number-text.js';
import { BAD, check, commonRecord, parsedLine, recordOf } from './records.js';
import { swiftLine } from './swift-line.js';

/**
 * Reads from a recording the lines that were printed when it was made, as they were, each with its end: no state is made
 * again for them, which would take several times as long.
 */
export const openSaidReader = (choice: LineChoice): LineReader<Uint8Array> => {
  const { machine, pid, comm } = choice;
  const face = lineFace(choice);
  const all = pid === undefined && comm === undefined;
  const isWanted = (line: EventLine): boolean => {
    if (!('pid' in line)) return true;
    return line.pid === 0 || ((pid?.includes(line.pid) ?? true) && (comm === undefined || isNamed(line.comm, comm)));
  };
  let offset = 0n;
  let time = wallTime(offset);
  const setOffset = (next: bigint): void => {
    offset = next;
    time = wallTime(next);
  };

  const out = openByteSink();
  const print = (lines: readonly string[]): void => {
    for (const line of lines) out.text(`${line}\n`);
  };

  const general = (value: unknown) => {
    if (isEvent(value)) {
      const { severity, says, addressSpace } = value;
      if (severity === undefined || says === undefined || addressSpace === undefined) return undefined;
      const { event, target } = happeningOf(value);
      const who = 'tgid' in event ? { pid: event.tgid, comm: event.comm } : { pid: 0, comm: TRACER };
      const poked = event.kind === 'poke' && target !== undefined ? { target } : {};
      const line = {
        at: event.at,
        ...who,
        space: harmless(addressSpace),
        severity,
        text: harmless(says),
        event,
        finding: undefined,
        ...poked,
      };
      print(face.lines([line], offset));
      return undefined;
    }
    const kind = recordOf(value);
    if (kind !== undefined && EVENT_KINDS.has(kind)) return BAD;
    if (kind === 'said') {
      if (!isSaid(value)) return BAD;
      if (isWanted(value.line)) print([machine ? machineLine(value.line) : peopleLine(value.line)]);
      return undefined;
    }
    const said = commonRecord(value);
    if (said?.kind === 'clock') setOffset(said.offset);
    if (said?.kind === 'header') setOffset(fromDigits(said.header.offset));
    return said;
  };

  return {
    line: (bytes, from, to) => {
      if (machine && all && swiftLine(bytes, from, to, time, out)) return undefined;
      if (SILENT.has(kindOf(bytes, from))) return undefined;
      const value = parsedLine(bytes, from, to);
      return value === undefined ? BAD : general(value);
    },
    finish: (into) => {
      const piece = out.taken();
      if (piece !== undefined) into.push(piece);
    },
  };
};

const isEvent = check(EventRecord);
const EVENT_KINDS = new Set<string>(EventRecord.anyOf.map(({ properties }) => properties.record.const));
const isSaid = check(SaidRecord);

/** Kinds of lines of which nothing was said; long ones, and many. */
const SILENT = new Set(['snapshot', 'unchanged', 'census', 'host', 'blob', 'verdict', 'tick', 'swept', 'heartbeat']);

/** {"record":"KIND" */
const kindOf = (bytes: Buffer, from: number): string => {
  const start = from + BEGINNING.length;
  // compare() throws where the bytes end before the range.
  if (start > bytes.length || bytes.compare(BEGINNING, 0, BEGINNING.length, from, start) !== 0) return '';
  const end = bytes.indexOf(QUOTE, start);
  return end === -1 || end - start > 20 ? '' : bytes.toString('latin1', start, end);
};
const BEGINNING = Buffer.from('{"record":"');
const QUOTE = 0x22;

/** JSON escapes the C0 controls alone; of what else drives a terminal, no line that was printed has any. */
const machineLine = (line: EventLine): string =>
  JSON.stringify(line).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${hex4(character.charCodeAt(index))}`).join(''),
  );

const hex4 = (unit: number): string => unit.toString(16).padStart(4, '0');

/** `lineText` of a line that is JSON already. */
const peopleLine = (line: EventLine): string => {
  const who = 'pid' in line && line.pid !== 0 ? `${line.pid} ${harmless(line.comm)}` : TRACER;
  return `${harmless(line.time).slice(11, 23)} ${line.severity.padEnd(7)} ${who}: ${harmless(line.text)}`;
};

/** A recording may come from anybody: what would drive a terminal is shown as an escape. A backslash is one already. */
const harmless = (text: string): string => text.split('\\').map(escapeText).join('\\');
