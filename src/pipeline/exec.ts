import { contextKey, type ExecEvent } from '../model/event.js';
import type { Concerned } from './concerned.js';
import { changeProcess, changeSpace } from './entries.js';
import { processAt } from './identity.js';
import { imageOf, isOtherImage } from './image.js';
import type { Ledger } from './ledger.js';
import { hold } from './life.js';
import type { Snapshot } from './observation.js';
import type { ProcessRecord, SpaceRecord } from './records.js';
import { nextGeneration, switchSpace } from './spaces.js';

/**
 * exec: a new address space with a new vDSO, for this process alone; who shared the old one keeps it (vfork). Pid and
 * start time stay, so the generation is what tells the two apart.
 */
export const onExec = (ledger: Ledger, event: ExecEvent): Concerned => {
  const process = processAt(ledger, event.tgid, event.at, event.comm);
  const old = process === undefined ? undefined : ledger.spaces.get(process.space);
  if (process === undefined || old === undefined) return { process, space: undefined };
  // Of a process that is gone, or older than an exec already known: only a line.
  if (process.exitedAt !== undefined || event.at < old.bornAt) return { process, space: undefined };
  // What exec puts into the auxv is what it tells the kernel: it names the image.
  const image = event.vdso === undefined ? undefined : { vdso: event.vdso, places: undefined };
  const waiting = earlySnapshot(process, old, event.at);
  const later = isOtherImage(imageOf(waiting?.evidence.auxv), image);
  const early = later ? undefined : waiting;
  takeBack(ledger, process, old, event.at);
  const entered = enterNew(ledger, changeProcess(ledger, process, { comm: event.comm, held: undefined }), old, event);
  ledger.holding.delete(process.key);
  const placed = changeSpace(ledger, entered, {
    bornAt: event.at,
    placedAt: event.vdso,
    image: imageOf(early?.evidence.auxv) ?? image,
    truth: entered.truth ?? (event.vdso === undefined ? undefined : { at: event.at, vdso: event.vdso }),
    ...(early === undefined ? {} : { evidence: early.evidence, readAt: early.startedAt, dirty: false }),
  });
  if (early !== undefined) ledger.unjudged.add(placed.id);
  const now = ledger.processes.get(process.key);
  // The reading is from after yet another exec: it waits on.
  if (later && waiting !== undefined && now !== undefined) hold(ledger, now, waiting);
  return { process: now, space: placed };
};

const enterNew = (ledger: Ledger, process: ProcessRecord, old: SpaceRecord, event: ExecEvent): SpaceRecord => {
  const context = contextKey(event.space);
  const id = context === undefined ? undefined : ledger.byContext.get(context);
  const known = id === undefined || event.space.id === 0n ? undefined : ledger.spaces.get(id);
  if (known === undefined) return nextGeneration(ledger, process, { at: event.at, key: event.space });
  // A later event of the new address space came before this one, and has made the generation.
  if (known.id === old.id) return known;
  switchSpace(ledger, changeProcess(ledger, process, { generation: process.generation + 1 }), known);
  return ledger.spaces.get(known.id) ?? known;
};

/** /proc may have shown the new image before the event came: that reading belongs to the new address space. */
const earlySnapshot = (process: ProcessRecord, old: SpaceRecord, at: bigint): Snapshot | undefined => {
  const own = isMisplaced(process, old, at) ? old.evidence : undefined;
  const early =
    process.held ?? (own && { kind: 'snapshot' as const, pid: process.pid, startedAt: old.readAt, evidence: own });
  return early !== undefined && early.startedAt >= at ? early : undefined;
};

const isMisplaced = (process: ProcessRecord, old: SpaceRecord, at: bigint): boolean =>
  old.evidence?.process.pid === process.pid && old.readAt >= at;

/** Those who stay in the old address space (vfork) are left without what was read of the new one. */
const takeBack = (ledger: Ledger, process: ProcessRecord, old: SpaceRecord, at: bigint): void => {
  if (!isMisplaced(process, old, at)) return;
  const blank = { evidence: undefined, verdict: undefined, image: undefined, readAt: 0n, unexplained: undefined };
  changeSpace(ledger, old, { ...blank, dirty: true });
};
