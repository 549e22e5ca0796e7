import { unreadableText } from '../judge/words.js';
import { REPORT } from '../model/document-names.js';
import type { Host } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import type { Told } from '../model/judged.js';
import type { FindingReport, HostReport, ProcessReport, Report } from '../model/report.js';
import type { Finding, Forecast, Policies, PolicyVerdict, VdsoVerdict } from '../model/verdict.js';
import { escapeText, printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { renderAlike } from './alike.js';

/** The machine form of one process: hostile text escaped, addresses as strings, unknown as null. */
export const processReport = ({ evidence, verdict, forecast, history = [] }: Told): ProcessReport => ({
  pid: evidence.process.pid,
  comm: evidence.process.comm === undefined ? null : printable(evidence.process.comm),
  source: evidence.source,
  abi: verdict.abi ?? null,
  unreadable: unreadableText(evidence),
  applicable: verdict.applicable,
  namespaces: Object.fromEntries([...evidence.namespaces].map(([name, inode]) => [escapeText(name), String(inode)])),
  confidence: verdict.confidence,
  ...(verdict.vdso === undefined ? {} : { vdso: vdsoReport(verdict.vdso) }),
  hint: verdict.hint ?? null,
  mappings: Object.fromEntries(verdict.mappings.map((mapping) => [hex(mapping.start), mapping.class])),
  mappingDetails: verdict.mappings.map((mapping) => ({
    start: hex(mapping.start),
    end: hex(mapping.end),
    name: printable(mapping.name),
    class: mapping.class,
    confidence: mapping.confidence,
    evidence: [...mapping.evidence],
  })),
  findings: verdict.findings.map(findingReport),
  policies: policiesReport(verdict.policies),
  ...(forecast === undefined ? {} : { forecast: forecastReport(forecast) }),
  history: history.map((line) => ({ at: String(line.at), text: line.text, severity: line.severity })),
});

/** The same as JSON, for one process after another. */
export const processText = (): ((one: Told) => string) => {
  const rest = renderAlike((one) => {
    const { pid: _, comm: __, ...others } = processReport(one);
    return [JSON.stringify(others).slice(1)];
  });
  return (one) => {
    const { pid, comm } = one.evidence.process;
    const name = comm === undefined ? null : printable(comm);
    return `{"pid":${pid},"comm":${JSON.stringify(name)},${rest(one)[0]}`;
  };
};

const vdsoReport = (vdso: VdsoVerdict | null) =>
  vdso === null
    ? null
    : {
        start: hex(vdso.start),
        end: hex(vdso.end),
        image: vdso.image ?? null,
        moved: vdso.moved ?? null,
        modifiedPages: vdso.modifiedPages === undefined ? null : [...vdso.modifiedPages],
        vvarAttached: vdso.vvarAttached ?? null,
        sealed: vdso.sealed ?? null,
        permissions: vdso.permissions,
      };

export const findingReport = (finding: Finding): FindingReport => ({
  code: finding.code,
  severity: finding.severity,
  mapping: finding.mapping === undefined ? null : hex(finding.mapping),
  text: finding.text,
  evidence: [...finding.evidence],
  criuMessage: finding.criuMessage ?? null,
});

export const policiesReport = ({ hint, pfn, symtable }: Policies) => ({
  hint: policyReport(hint),
  pfn: policyReport(pfn),
  symtable: policyReport(symtable),
});

const policyReport = (policy: PolicyVerdict) => ({
  decision: policy.decision === undefined ? null : policy.decision.map(hex),
  right: policy.right ?? null,
  why: policy.why,
  criuMessages: [...policy.criuMessages],
});

const forecastReport = (forecast: Forecast) => ({
  criu: forecast.criu,
  dump: forecast.dump ?? null,
  restore: forecast.restore ?? null,
  restoreUnknown: forecast.restore === undefined,
  loss: forecast.loss === undefined ? null : [...forecast.loss],
  findings: forecast.findings.map(findingReport),
});

const hostReport = (host: Host): HostReport => ({
  release: host.release === undefined ? null : escapeText(host.release),
  machine: host.machine === undefined ? null : escapeText(host.machine),
  pageSize: host.pageSize,
  hintTest: host.hintTest,
  reference: Object.fromEntries([...host.reference].map(([image, frames]) => [escapeText(image), frames.map(hex)])),
});

/** The document without its processes. `host` is null when the inputs come from several hosts. */
export const reportFrame = (host: Host | undefined, problems: readonly Failure[]): Report => ({
  schema: REPORT,
  host: host === undefined ? null : hostReport(host),
  processes: [],
  problems: problems.map(({ kind, text, mend }) => ({ kind, text, mend })),
});
