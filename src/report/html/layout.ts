import { AT_SYSINFO_EHDR } from '../../model/evidence.js';
import type { Judged } from '../../model/judged.js';
import type { VdsoVerdict } from '../../model/verdict.js';
import { contains, isVdsoNamed, isVvarNamed, permissionsOf, sizeOf, type Vma } from '../../model/vma.js';
import { printable } from '../../text/escape.js';
import { hex } from '../../text/hex.js';
import { html, joined, type Markup } from './markup.js';

/**
 * The address space around the vDSO, from low to high: every mapping that the verdict names, the vvar mappings, the
 * one at the auxv address, and their direct neighbours. Not to scale; gaps are written out.
 */
export const layout = ({ evidence, verdict }: Judged): Markup => {
  const vmas = evidence.vmas ?? [];
  const given = evidence.auxv?.entries.get(AT_SYSINFO_EHDR);
  const classes = new Map(verdict.mappings.map((mapping) => [mapping.start, mapping.class]));
  const matters = (vma: Vma): boolean =>
    classes.has(vma.start) || isVvarNamed(vma) || isVdsoNamed(vma) || (given !== undefined && contains(vma, given));
  const chosen = vmas.filter((_, index) =>
    [index - 1, index, index + 1].some((near) => {
      const neighbour = vmas[near];
      return neighbour !== undefined && matters(neighbour);
    }),
  );
  if (chosen.length === 0) return html`<p class="quiet">No mapping here is, or looks like, a vDSO.</p>`;
  const boxes = chosen.map((vma, index) => {
    const previous = chosen[index - 1];
    return joined([
      previous === undefined ? html`` : gap(previous, vma, vmas),
      box(vma, classes.get(vma.start), [
        ...(given !== undefined && vma.start === given ? ['auxv'] : []),
        ...(verdict.vdso && verdict.vdso.start === vma.start ? copies(verdict.vdso) : []),
      ]),
    ]);
  });
  const vanished = given !== undefined && !vmas.some((vma) => contains(vma, given));
  const note = vanished ? html`<p class="quiet">auxv points to ${hex(given)}, where nothing is mapped.</p>` : html``;
  return html`<ol class="layout">${joined(boxes)}</ol>${note}`;
};

const copies = ({ modifiedPages }: VdsoVerdict): readonly string[] =>
  modifiedPages === undefined || modifiedPages.length === 0 ? [] : [`copied: ${modifiedPages.join(', ')}`];

const box = (vma: Vma, kind: string | undefined, marks: readonly string[]): Markup => {
  const label = kind ?? (isVvarNamed(vma) ? 'data' : 'other');
  return html`<li class="${label}"><b>${label === 'other' ? '' : label}</b> <code>${hex(vma.start)}</code>
<code>${permissionsOf(vma).slice(0, 3)}</code> <code>${hex(sizeOf(vma))} bytes</code> <span>${printable(vma.name) || 'no name'}</span>${joined(marks.map((mark) => html`<span class="mark">${mark}</span>`))}</li>`;
};

const gap = (before: Vma, after: Vma, vmas: readonly Vma[]): Markup => {
  if (before.end === after.start) return html``;
  const between = vmas.filter((vma) => vma.start >= before.end && vma.end <= after.start).length;
  const what = between === 0 ? 'nothing mapped' : `${between} other mappings`;
  return html`<li class="gap">${hex(after.start - before.end)} bytes, ${what}</li>`;
};
