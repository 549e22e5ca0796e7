import { escapeText } from '../../text/escape.js';
import { parseLine } from './line.js';
import type { CriuLog, LogFinding, LogKind } from './log.js';
import type { LogRule } from './rule.js';
import { dumpRules } from './rules-dump.js';
import { restoreRules } from './rules-restore.js';
import { startRules } from './rules-start.js';
import { type TaskLines, taskLines } from './task-lines.js';
import { logLines } from './text.js';

/** A log at level 4 of a tree of thousands of processes; what is beyond is not read. */
const MOST_LINES = 3_000_000;
const MOST_FINDINGS = 200_000;

/**
 * Reads the text of a CRIU log (`logText` makes it from bytes): every line about a vDSO recognised and explained,
 * tied to its process and mapping. `kind` as the file name says it; 'unknown' lets the lines decide.
 */
export const readLog = (text: string, kind: LogKind = 'unknown'): CriuLog => {
  const lines = logLines(text);
  const head = readHead(lines.slice(0, 200));
  const tasks = taskLines();
  const findings: LogFinding[] = [];
  let firstError: string | undefined;
  let ended: CriuLog['ended'];
  for (let index = 0; index < Math.min(lines.length, MOST_LINES); index += 1) {
    const content = lines[index];
    if (content === undefined || content === '') continue;
    const line = parseLine(index + 1, content);
    tasks.take(line);
    const found = recognise(line.text) ?? (line.fromPie ? recogniseCut(line.text) : undefined);
    if (
      line.level === 'error' &&
      firstError === undefined &&
      !/rlimit|RLIMIT/.test(line.raw) &&
      found?.rule.code !== 'restore-ended'
    )
      firstError = escapeText(line.raw);
    if (found === undefined || findings.length >= MOST_FINDINGS) continue;
    const { rule, values } = found;
    if (/^(?:dump|restore)-ended$/.test(rule.code)) ended = rule.severity === 'error' ? 'failure' : 'success';
    const pid = pidOf(rule, values) ?? line.pid ?? tasks.current();
    findings.push({
      line: line.number,
      code: rule.code,
      severity: line.level === 'error' ? 'error' : rule.severity,
      routine: rule.routine,
      pid,
      address: rule.code === 'parasite-died' ? tasks.lookedAt(pid) : addressOf(rule, values),
      text: escapeText(line.raw.slice(0, 300)),
      meaning: rule.meaning(values),
      values,
    });
  }
  // CRIU exits where it stands (criu/parasite-syscall.c, sigchld_handler).
  const left = findings.some(({ code }) => code === 'parasite-died') ? 'failure' : undefined;
  return {
    kind: kind === 'unknown' ? kindOf(findings, tasks) : kind,
    ...head,
    ended: ended ?? left,
    firstError,
    processes: tasks.processes(),
    findings: findings.map((finding) => ({ ...finding, pid: tasks.imagePid(finding.pid) })),
    cut: lines.length > MOST_LINES || findings.length >= MOST_FINDINGS,
  };
};

/** Lines of the start of every log: CRIU's version, its run, the host. */
const readHead = (
  lines: readonly string[],
): Pick<CriuLog, 'version' | 'runId' | 'imagesRunId' | 'release' | 'machine'> => {
  const find = (pattern: RegExp, among = lines): RegExpExecArray | undefined => {
    for (const line of among) {
      const found = pattern.exec(line);
      if (found !== null) return found;
    }
    return undefined;
  };
  const host = find(/Running on \S{1,64} Linux (\S{1,64}) .{0,120}? (\S{1,20})$/);
  return {
    version: find(/\) Version: (\d+(?:\.\d+){1,3})\b/)?.[1],
    // The worker of the RPC service, which every container runtime uses, takes a new one after its parent's.
    runId: find(/\) CRIU run id = ([0-9a-f-]{36})$/, [...lines].reverse())?.[1],
    imagesRunId: find(/\) Dump CRIU run id = ([0-9a-f-]{36})$/)?.[1],
    release: host?.[1],
    machine: host?.[2],
  };
};

const kindOf = (findings: readonly LogFinding[], tasks: TaskLines): LogKind => {
  if (tasks.processes().length > 0) return 'dump';
  const restoring = findings.some(({ code }) => RESTORING.has(code));
  return restoring ? 'restore' : 'unknown';
};

const RESTORING = new Set(restoreRules.map(({ code }) => code).filter((code) => code !== 'no-vdso-here'));

interface Recognised {
  readonly rule: LogRule;
  readonly values: readonly string[];
}

const recognise = (text: string): Recognised | undefined =>
  firstMatch(BY_FIRST.get(text[0] ?? '') ?? [], text) ?? firstMatch(OPEN_RULES, text);

/**
 * Restorer and parasite of CRIU before 3.9 write at most 77 characters of a line, and then ">" (STD_LOG_SIMPLE_CHUNK,
 * compel/plugins/std/log.c, 4daaef027): "Can't find vD>". Told where it can be only one.
 */
const recogniseCut = (text: string): Recognised | undefined => {
  const stem = text.endsWith('>') ? text.slice(0, -1) : '';
  if (stem.length < SHORTEST_STEM) return undefined;
  const [rule, ...others] = restoreRules.filter(({ prefix }) => prefix.startsWith(stem));
  return rule?.fixed === true && others.every(({ code }) => code === rule.code) ? { rule, values: [] } : undefined;
};

const SHORTEST_STEM = 8;

const firstMatch = (candidates: readonly LogRule[], text: string): Recognised | undefined => {
  for (const rule of candidates) {
    if (!text.startsWith(rule.prefix)) continue;
    const found = rule.pattern.exec(text);
    if (found !== null) return { rule, values: found.slice(1).map((value) => value ?? '') };
  }
  return undefined;
};

const RULES = [...startRules, ...dumpRules, ...restoreRules];
/** Rules that begin with a value rather than a word. */
const OPEN_RULES = RULES.filter(({ prefix }) => prefix === '');
const BY_FIRST = new Map<string, LogRule[]>();
for (const rule of RULES) {
  const first = rule.prefix[0];
  if (first !== undefined) BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), rule]);
}

const addressOf = ({ address }: LogRule, values: readonly string[]): bigint | undefined => {
  const value = address === undefined ? undefined : values[address];
  return value === undefined ? undefined : BigInt(`0x${value}`);
};

/** Rules whose first value is the pid. */
const pidOf = ({ code }: LogRule, values: readonly string[]): number | undefined =>
  PID_FIRST.has(code) ? Number(values[0]) : undefined;

const PID_FIRST = new Set(['killed', 'restored', 'uprobes', 'fixup-failed', 'parasite-died']);
