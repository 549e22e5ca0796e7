import { forecast } from '../../judge/forecast.js';
import { stateWord } from '../../judge/words.js';
import { changeEvidence, type Evidence } from '../../model/evidence.js';
import type { AddressSpace } from '../../model/state.js';
import type { Finding, Policies, PolicyVerdict, Verdict } from '../../model/verdict.js';
import { imageOf } from '../../pipeline/image.js';
import { isAlike } from '../../pipeline/kept.js';
import { slim } from '../../pipeline/slim.js';
import { freshenDump } from './dumped.js';
import { addBounded, type Instant, type Life, type State } from './life.js';
import { notePages } from './writes.js';

const MOST_IMAGES = 8;
const FIRST_TURNS = 8;
const MOST_TURNS = 32;

/** Takes over a verdict that is new. `known`: when the state had it; the reading may be older. */
export const takeState = (life: Life, { id, evidence, verdict }: AddressSpace, known: Instant, criu: string): void => {
  if (evidence === undefined || verdict === undefined) return;
  // One is read for all that share an address space; a task that was never read has no facts to tell.
  const own = evidence.process.pid === life.pid ? evidence : ownEvidence(life, id, evidence);
  if (own === undefined) return;
  const at = evidence.takenAt ?? known.at;
  // The same verdict on another reading is news: it held for longer (pipeline/kept.ts keeps the object).
  if (life.state?.verdict === verdict && life.state.at === at) return;
  // A zombie has no memory: what it had is the end of its story.
  if (!verdict.applicable && (life.state !== undefined || life.deeds.length > 0)) return;
  if (life.space !== id) enter(life, id);
  const instant = { at, time: known.time - known.at + at };
  noteImage(life, own);
  notePages(life, verdict.vdso, instant);
  const same = life.state !== undefined && isSame(life.state.verdict, verdict);
  if (!same) life.earlier = life.state;
  life.state = same && life.state !== undefined ? { ...life.state, ...instant } : judged(own, verdict, instant, criu);
  life.first ??= life.state;
  if (life.restored !== undefined && at > life.restored.at) life.back ??= life.state;
  freshenDump(life);
  if (verdict.findings.some(({ severity }) => severity !== 'info') || verdict.vdso?.moved === true)
    life.remarkable = true;
  noteTurn(life, verdict, instant);
};

/** What was read of another task in the address space that it was read in before. */
const ownEvidence = ({ state, space }: Life, id: string, evidence: Evidence): Evidence | undefined =>
  state === undefined || space !== id || (evidence.takenAt ?? 0n) <= state.at
    ? undefined
    : changeEvidence(evidence, { process: state.evidence.process });

/** Another address space: what was done to the one before says nothing of it. */
const enter = (life: Life, id: string): void => {
  const { state, execed } = life;
  const isNew = ({ at }: Instant): boolean =>
    (state === undefined || at > state.at) && (execed === undefined || at > execed.at);
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
  since: instant.at,
  // Where the kernel's pointer was is told by what was done to the vDSO.
  evidence: { ...slim(evidence, verdict), contextVdso: undefined },
  verdict,
  forecast: forecast(evidence, verdict, criu),
});

/** What a reader would call the same verdict: sentences are made of this. */
const isSame = (one: Verdict, other: Verdict): boolean =>
  one.hint === other.hint &&
  isSameVdso(one.vdso, other.vdso) &&
  one.findings.length === other.findings.length &&
  one.findings.every((finding, index) => isSameFinding(finding, other.findings[index])) &&
  decideAlike(one.policies, other.policies);

const isSameVdso = (one: Verdict['vdso'], other: Verdict['vdso']): boolean =>
  one?.start === other?.start &&
  one?.permissions === other?.permissions &&
  one?.vvarAttached === other?.vvarAttached &&
  one?.sealed === other?.sealed &&
  isAlike(one?.modifiedPages, other?.modifiedPages);

const isSameFinding = (one: Finding, other: Finding | undefined): boolean =>
  one.code === other?.code && one.mapping === other.mapping;

const decideAlike = (one: Policies, other: Policies): boolean =>
  one === other || POLICIES.every((policy) => decidesAlike(one[policy], other[policy]));

const POLICIES = ['hint', 'pfn', 'symtable'] as const;

const decidesAlike = (one: PolicyVerdict, other: PolicyVerdict): boolean =>
  one.right === other.right && isAlike(one.decision, other.decision);

const noteTurn = (life: Life, verdict: Verdict, { time }: Instant): void => {
  const last = life.turns.at(-1);
  const state = stateWord(verdict);
  if (last !== undefined && last.state === state && decideAlike(last.policies, verdict.policies)) return;
  addBounded(life.turns, { time, state, policies: verdict.policies }, FIRST_TURNS, MOST_TURNS);
};
