import { forecast } from '../../judge/forecast.js';
import { stateWord } from '../../judge/words.js';
import type { Evidence } from '../../model/evidence.js';
import type { AddressSpace } from '../../model/state.js';
import type { Verdict } from '../../model/verdict.js';
import { imageOf } from '../../pipeline/image.js';
import { slim } from '../../pipeline/slim.js';
import { addBounded, type Instant, type Life, type State } from './life.js';
import { notePages } from './writes.js';

const MOST_IMAGES = 8;
const FIRST_TURNS = 8;
const MOST_TURNS = 32;

/** Takes over a verdict that is new. `known`: when the state had it; the reading may be older. */
export const takeState = (life: Life, { id, evidence, verdict }: AddressSpace, known: Instant, criu: string): void => {
  if (evidence?.process.pid !== life.pid || verdict === undefined || life.state?.verdict === verdict) return;
  // A zombie has no memory: what it had is the end of its story.
  if (!verdict.applicable && life.state !== undefined) return;
  if (life.space !== id) enter(life, id);
  const at = evidence.takenAt ?? known.at;
  const instant = { at, time: known.time - known.at + at };
  noteImage(life, evidence);
  notePages(life, verdict.vdso, instant);
  const now = essence(verdict);
  const same = life.state !== undefined && life.essence === now;
  life.essence = now;
  // One reading has one time of day, however often it is judged and whatever the clocks did meanwhile.
  if (life.state === undefined || !same) life.state = judged(evidence, verdict, instant, criu);
  else if (life.state.at !== at) life.state = { ...life.state, ...instant };
  life.first ??= life.state;
  if (verdict.findings.some(({ severity }) => severity !== 'info') || verdict.vdso?.moved === true)
    life.remarkable = true;
  noteTurn(life, verdict, instant);
};

/** Another address space: what was done to the one before says nothing of it. */
const enter = (life: Life, id: string): void => {
  const isNew = ({ at }: Instant): boolean => life.state === undefined || at > life.state.at;
  const deeds = life.deeds.filter(isNew);
  life.space = id;
  life.copied.clear();
  life.clean = undefined;
  life.writes = life.writes.filter(isNew);
  life.done = deeds.length === life.deeds.length ? life.done : deeds.length;
  life.deeds = deeds;
};

const noteImage = (life: Life, { auxv }: Evidence): void => {
  const image = imageOf(auxv);
  if (image === undefined || life.images.some((one) => one.vdso === image.vdso && one.places === image.places)) return;
  life.images = [...life.images, image].slice(-MOST_IMAGES);
};

const judged = (evidence: Evidence, verdict: Verdict, instant: Instant, criu: string): State => ({
  ...instant,
  evidence: slim(evidence, verdict),
  verdict,
  forecast: forecast(evidence, verdict, criu),
});

/** What a reader would call the same verdict; its sentences are made of this. */
const essence = ({ vdso, hint, findings, policies }: Verdict): string =>
  [
    `${vdso?.start} ${vdso?.permissions} ${vdso?.modifiedPages} ${vdso?.vvarAttached} ${vdso?.sealed} ${hint}`,
    ...findings.map(({ code, mapping }) => `${code} ${mapping}`),
    decisions(policies),
  ].join('\n');

const decisions = ({ hint, pfn, symtable }: Verdict['policies']): string =>
  `${hint.decision} ${hint.right} ${pfn.decision} ${pfn.right} ${symtable.decision} ${symtable.right}`;

const noteTurn = (life: Life, verdict: Verdict, { time }: Instant): void => {
  const last = life.turns.at(-1);
  const state = stateWord(verdict);
  if (last !== undefined && last.state === state && decisions(last.policies) === decisions(verdict.policies)) return;
  addBounded(life.turns, { time, state, policies: verdict.policies }, FIRST_TURNS, MOST_TURNS);
};
