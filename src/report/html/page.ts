import { stateWord, worstFinding } from '../../judge/words.js';
import type { Chapter, Moment, Turn } from '../../model/chapter.js';
import type { Difference } from '../../model/diff.js';
import type { Host } from '../../model/evidence.js';
import type { Failure } from '../../model/failure.js';
import type { Judged } from '../../model/judged.js';
import type { Finding, PolicyVerdict } from '../../model/verdict.js';
import { printable } from '../../text/escape.js';
import { hex } from '../../text/hex.js';
import { isoTime, timeOfDay } from '../../text/time-of-day.js';
import { layout } from './layout.js';
import { html, joined, type Markup } from './markup.js';
import { STYLE } from './style.js';
import { timeline } from './timeline.js';

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
${problems.length === 0 ? html`` : html`<section><h2>To know</h2><ul>${joined(problems.map(problem))}</ul></section>`}
${contents(chapters)}
${joined(chapters.filter(({ plain }) => !plain).map((one, index) => chapter(one, index)))}
</body>
</html>
`.markup;

const hostLine = (host: Host | undefined): string =>
  host === undefined
    ? 'Evidence from several hosts.'
    : `Linux ${host.release ?? 'of unknown release'} on ${host.machine ?? 'an unknown machine'}; name hint test: ${host.hintTest}.`;

const problem = (failure: Failure): Markup => html`<li>${failure.text} ${failure.mend ?? ''}</li>`;

const chapter = (one: Chapter, index: number): Markup => {
  const { main, moments, conclusion, story, turns, differences } = one;
  const { verdict } = main;
  const foretold = one.restored ? [] : (main.forecast?.findings ?? []);
  return html`<section id="process-${index}">
<h2>${headingOf(main)} <b class="state ${severityOf(one)}">${stateWord(verdict)}</b></h2>
${conclusion.length === 0 ? html`<p>${vdsoLine(main)}</p>` : html`<ul class="conclusion ${severityOf(one)}">${joined(conclusion.map((sentence) => html`<li>${sentence}</li>`))}</ul>`}
${momentsPart(moments)}
${differences.length === 0 ? html`` : html`<h3>What changed</h3><ul>${joined(differences.map(difference))}</ul>`}
${choicesPart(one)}
${story.length === 0 ? html`` : html`<h3>Time line</h3>${timeline(story)}`}
<h3>Findings</h3>${findings([...verdict.findings, ...foretold])}
${one.restored ? html`` : forecastPart(main)}
${turns.length < 2 ? policiesPart(main) : turnsPart(turns)}
<details><summary>Evidence of each mapping</summary>${joined(verdict.mappings.map(mappingPart))}</details>
</section>
`;
};

const headingOf = ({ evidence: { process } }: Judged): string =>
  `${printable(process.comm ?? 'process')} (pid ${process.pid})`;

const severityOf = ({ main: { verdict, forecast } }: Chapter): string =>
  ORDER.find((severity) =>
    [...verdict.findings, ...(forecast?.findings ?? [])].some((one) => one.severity === severity),
  ) ?? 'info';

const ORDER = ['error', 'warning'] as const;

/** Which processes there are, when there are several; those of whom nothing is to be said are only counted. */
const contents = (chapters: readonly Chapter[]): Markup => {
  const told = chapters.filter(({ plain }) => !plain);
  const left = chapters.length - told.length;
  const rows = told.map((one, index) => {
    const { main } = one;
    const worst = worstFinding(main.verdict);
    return html`<tr class="${severityOf(one)}"><td class="name"><a href="#process-${index}">${headingOf(main)}</a></td><td>${stateWord(main.verdict)}</td><td>${worst?.text ?? ''}</td></tr>`;
  });
  const table =
    told.length < 2
      ? html``
      : html`<table class="contents"><thead><tr><th>process</th><th>its vDSO</th><th>worst finding</th></tr></thead><tbody>${joined(rows)}</tbody></table>`;
  return html`${table}${left === 0 ? html`` : html`<p class="quiet">Processes to whose vDSO nothing happened: ${left}.</p>`}`;
};

/** The layouts side by side; the same sources in the same order. */
const momentsPart = (moments: readonly Moment[]): Markup => {
  const drawn = moments.filter(({ judged }) => judged.evidence.vmas !== undefined);
  const boxes = drawn.map(({ role, path, host, time, judged }) => {
    const when = time === undefined ? '' : `, ${isoTime(time, 0n)}`;
    const where = host?.release === undefined ? '' : `, Linux ${printable(host.release)}`;
    return html`<div class="moment"><h3>${moments.length === 1 ? 'Layout' : `Layout: ${ROLES[role]}`}</h3>
<p class="quiet"><span class="path">${judged.evidence.source} ${printable(path)}</span>${where}${when}</p>${layout(judged)}</div>`;
  });
  return html`<div class="moments${boxes.length > 1 ? ' several' : ''}">${joined(boxes)}</div>`;
};

const ROLES: Readonly<Record<Moment['role'], string>> = {
  before: 'before the dump',
  dump: 'as dumped',
  after: 'after the restore',
  crash: 'at the crash',
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

/** What the checks would have decided, whenever that changed. */
const turnsPart = (turns: readonly Turn[]): Markup => {
  const cell = (policy: PolicyVerdict): Markup =>
    html`<td class="${policy.right === false ? 'wrong' : ''}">${policy.right === undefined ? '?' : policy.right ? 'right' : 'wrong'}: ${
      policy.decision === undefined ? 'cannot decide' : policy.decision.map(hex).join(', ') || 'nothing'
    }</td>`;
  const rows = turns.map(
    ({ time, state, policies: { hint, pfn, symtable } }) =>
      html`<tr><td>${timeOfDay(time, 0n)}</td><td>${state}</td>${cell(hint)}${cell(pfn)}${cell(symtable)}</tr>`,
  );
  return html`<h3>What each check of CRIU would have taken for the vDSO</h3>
<table><thead><tr><th>since (UTC)</th><th>state</th><th>by name</th><th>by page frame</th><th>by symbol table</th></tr></thead><tbody>${joined(rows)}</tbody></table>`;
};

/** CRIU's choice against the truth, mapping by mapping. */
const choicesPart = ({ choices }: Chapter): Markup => {
  if (choices.length === 0) return html``;
  const rows = choices.map(
    ({ start, class: kind, by, took, right }) =>
      html`<tr class="${right ? 'info' : 'error'}"><td><code>${hex(start)}</code></td><td>${kind} <span class="quiet">(${by})</span></td><td>${took}</td><td>${right ? 'right' : 'wrong'}</td></tr>`,
  );
  return html`<h3>What CRIU took for the vDSO</h3>
<table><thead><tr><th>mapping</th><th>it is</th><th>CRIU took it for</th><th></th></tr></thead><tbody>${joined(rows)}</tbody></table>`;
};
