import { stateWord } from '../../judge/words.js';
import type { Difference } from '../../model/diff.js';
import type { Host } from '../../model/evidence.js';
import type { Failure } from '../../model/failure.js';
import type { Finding } from '../../model/verdict.js';
import { printable } from '../../text/escape.js';
import { hex } from '../../text/hex.js';
import type { Judged } from '../process.js';
import { layout } from './layout.js';
import { html, joined, type Markup } from './markup.js';
import { STYLE } from './style.js';
import { timeline } from './timeline.js';

/** One story on the page: a process, what it was compared with, what differs. */
export interface Chapter {
  readonly title: string;
  readonly before: Judged;
  readonly after?: Judged | undefined;
  readonly differences: readonly Difference[];
  /** Lines of dump.log and restore.log that speak of it, explained. */
  readonly logLines: readonly string[];
}

/**
 * One self-contained page: no script, no request (its own policy forbids both), hostile names escaped. Pure.
 */
export const page = (host: Host | undefined, chapters: readonly Chapter[], problems: readonly Failure[]): string =>
  html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">
<title>vdsowatch report</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<h1>vdsowatch report</h1>
<p class="quiet">${hostLine(host)}</p>
${problems.length === 0 ? html`` : html`<section><h2>Could not be read</h2><ul>${joined(problems.map(problem))}</ul></section>`}
${joined(chapters.map(chapter))}
</body>
</html>
`.markup;

const hostLine = (host: Host | undefined): string =>
  host === undefined
    ? 'Evidence from several hosts.'
    : `Linux ${host.release ?? 'of unknown release'} on ${host.machine ?? 'an unknown machine'}; name hint test: ${host.hintTest}.`;

const problem = (failure: Failure): Markup => html`<li>${failure.text} ${failure.mend ?? ''}</li>`;

const chapter = ({ title, before, after, differences, logLines }: Chapter): Markup => {
  const { verdict, evidence, forecast, history = [] } = before;
  const heading = `${title} ${printable(evidence.process.comm ?? '')} (pid ${evidence.process.pid})`;
  return html`<section>
<h2>${heading}</h2>
<p><b class="state">${stateWord(verdict)}</b> ${vdsoLine(before)}</p>
${findings([...verdict.findings, ...(forecast?.findings ?? [])])}
<h3>${after === undefined ? 'Layout' : 'Layout before'}</h3>${layout(before)}
${after === undefined ? html`` : html`<h3>Layout after</h3>${layout(after)}`}
${differences.length === 0 ? html`` : html`<h3>What changed</h3><ul>${joined(differences.map(difference))}</ul>`}
${forecastPart(before)}
<h3>Time line</h3>${timeline(history)}
<h3>Evidence</h3>${joined(verdict.mappings.map(mappingPart))}
${policiesPart(before)}
${logLines.length === 0 ? html`` : html`<h3>CRIU logs</h3><ul>${joined(logLines.map((line) => html`<li>${line}</li>`))}</ul>`}
</section>
`;
};

const vdsoLine = ({ verdict }: Judged): string => {
  if (verdict.vdso === undefined) return 'Where its vDSO is cannot be told from this evidence.';
  if (verdict.vdso === null) return 'It has no vDSO.';
  return `Its ${verdict.vdso.image ?? ''} vDSO is at ${hex(verdict.vdso.start)}, ${verdict.vdso.permissions}; name hint: ${verdict.hint ?? 'unknown'}; ${verdict.confidence}.`;
};

const findings = (list: readonly Finding[]): Markup =>
  list.length === 0
    ? html`<p class="quiet">No finding.</p>`
    : html`<table><thead><tr><th>finding</th><th>what it says</th><th>CRIU prints</th></tr></thead><tbody>${joined(
        list.map(
          (finding) =>
            html`<tr class="${finding.severity}"><td><code>${finding.code}</code></td><td>${finding.text}<ul class="quiet">${joined(
              finding.evidence.map((line) => html`<li>${line}</li>`),
            )}</ul></td><td><code>${finding.criuMessage ?? ''}</code></td></tr>`,
        ),
      )}</tbody></table>`;

const difference = (one: Difference): Markup =>
  html`<li>${one.text} <span class="quiet">(the program can notice: ${one.noticeable})</span></li>`;

const forecastPart = ({ forecast }: Judged): Markup =>
  forecast === undefined
    ? html``
    : html`<h3>CRIU ${forecast.criu}</h3><p>dump: <b>${forecast.dump ?? 'unknown'}</b>, restore: <b>${
        forecast.restore === null ? 'no image' : (forecast.restore ?? 'unknown')
      }</b>, lost: ${forecast.loss === undefined ? 'unknown' : forecast.loss.join(', ') || 'nothing'}</p>`;

const mappingPart = (mapping: Judged['verdict']['mappings'][number]): Markup =>
  html`<p><b>${mapping.class}</b> <code>${hex(mapping.start)}</code> ${printable(mapping.name)} (${mapping.confidence})</p>
<ul>${joined(mapping.evidence.map((line) => html`<li>${line}</li>`))}</ul>`;

const policiesPart = ({ verdict }: Judged): Markup => {
  const rows = (['hint', 'pfn', 'symtable'] as const).map((name) => {
    const policy = verdict.policies[name];
    const right = policy.right === undefined ? 'unknown' : policy.right ? 'right' : 'wrong';
    const takes = policy.decision === undefined ? 'cannot decide' : policy.decision.map(hex).join(', ') || 'nothing';
    return html`<tr class="${right === 'wrong' ? 'error' : 'info'}"><td>${name}</td><td>${takes}</td><td>${right}</td><td>${policy.why}</td></tr>`;
  });
  return html`<h3>What each check of CRIU would take for the vDSO</h3>
<table><thead><tr><th>check</th><th>takes</th><th></th><th>why</th></tr></thead><tbody>${joined(rows)}</tbody></table>`;
};
