import { stateWord } from '../judge/words.js';
import type { Chapter, Moment } from '../model/chapter.js';
import type { Host } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import type { ProcessReport, Report } from '../model/report.js';
import { escapeText } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { isoTime } from '../text/time-of-day.js';
import { findingReport, policiesReport, processReport, reportFrame } from './process.js';

/** The machine form of what several paths tell: that of `ps`, with the story added to each process. */
export const chaptersReport = (
  host: Host | undefined,
  chapters: readonly Chapter[],
  problems: readonly Failure[],
): Report => ({ ...reportFrame(host, problems), processes: chapters.map(chapterReport) });

const chapterReport = (chapter: Chapter): ProcessReport => {
  const { main, moments, conclusion, story, turns, choices, differences } = chapter;
  const report = processReport(main);
  return {
    ...report,
    ...(conclusion.length === 0 ? {} : { conclusion: [...conclusion] }),
    ...(story.length === 0
      ? {}
      : { story: story.map(({ time, who, text, severity }) => ({ time: isoOrNull(time), who, text, severity })) }),
    moments: moments.map(momentReport),
    ...(turns.length === 0
      ? {}
      : {
          policyHistory: turns.map(({ time, state, policies }) => ({
            time: isoTime(time, 0n),
            state,
            policies: policiesReport(policies),
          })),
        }),
    ...(choices.length === 0
      ? {}
      : {
          choices: choices.map(({ start, class: kind, by, took, right }) => {
            return { mapping: hex(start), class: kind, by, took, right };
          }),
        }),
    ...(differences.length === 0 ? {} : { differences: [...differences] }),
  };
};

const momentReport = ({ role, path, host, time, judged }: Moment) => {
  const { evidence, verdict } = judged;
  return {
    role,
    source: evidence.source,
    path: escapeText(path),
    pid: evidence.process.pid,
    release: host?.release === undefined ? null : escapeText(host.release),
    time: isoOrNull(time),
    state: stateWord(verdict),
    ...(verdict.vdso === undefined ? {} : { vdso: verdict.vdso === null ? null : hex(verdict.vdso.start) }),
    hint: verdict.hint ?? null,
    mappings: Object.fromEntries(verdict.mappings.map((mapping) => [hex(mapping.start), mapping.class])),
    findings: verdict.findings.map(findingReport),
  };
};

const isoOrNull = (time: bigint | undefined): string | null => (time === undefined ? null : isoTime(time, 0n));
