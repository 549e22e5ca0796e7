import { type HookCall, hookCall, isIdle } from '../hook/call.js';
import { versionOf } from '../hook/criu-version.js';
import { judgeWith, lookAtImages, lookAtTree } from '../hook/look.js';
import { addToFile, type Earlier, readEarlier, tracePath } from '../hook/record-file.js';
import { differencesSince, objections, type Veto } from '../hook/said.js';
import { EXIT } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import { NEWEST_CRIU } from '../model/verdict.js';
import { localBootClock, wallOffset } from '../proc/clock.js';
import { procFiles } from '../proc/files.js';
import { hostStatus, procContext, readLocalHost } from '../proc/host.js';
import { complain, say } from '../report/complain.js';
import { escapeText } from '../text/escape.js';
import { headerOf } from '../trace/header.js';
import { FLUSH, runningRecordings } from '../trace/registry.js';
import { sayIfNewer } from './limits.js';

export interface HookOptions {
  readonly veto: Veto;
  /** Forecast for this CRIU; default: the one that calls. */
  readonly criu?: string | undefined;
}

/**
 * `vdsowatch hook`: for `criu --action-script`. Looks at the tree at pre-dump (before it is frozen), post-dump (frozen,
 * as it was dumped) and pre-resume (restored, not yet running), and adds what it saw to a recording beside the images.
 *
 * 0: go on; 1: vetoed: CRIU stops, and the processes live on; 2: not called by CRIU. Whatever else goes wrong here is
 * said, and does not stop a dump or a restore.
 */
export const run = async (options: HookOptions, environment: NodeJS.ProcessEnv = process.env): Promise<number> => {
  const called = hookCall(environment);
  if (!called.ok) {
    complain(called.failure);
    return EXIT.usage;
  }
  const { action, images, root } = called.value;
  if (isIdle(environment)) return EXIT.well;
  if (images === undefined || root === undefined) {
    say(`CRIU has not told ${images === undefined ? 'the image directory' : 'the root of the tree'} at ${action}.`);
    return EXIT.well;
  }
  return await look({ ...called.value, images, root }, options);
};

type Place = HookCall & { readonly images: string; readonly root: number };

const look = async (place: Place, { veto, criu: given }: HookOptions): Promise<number> => {
  const { action, images, root, criuPid } = place;
  if (action === 'pre-dump') flushRecordings();
  const path = tracePath(images);
  const earlier = await readEarlier(path);
  // Nothing is started while the tree stands still for it: the first hook has asked.
  const asked = action === 'pre-dump' && criuPid !== undefined ? await versionOf(criuPid) : earlier.criu;
  const criu = given ?? asked ?? NEWEST_CRIU;
  if (action === 'pre-dump') sayIfNewer(criu);
  const local = readLocalHost();
  const seen = lookAtTree(root, action, action !== 'pre-dump', criu, procContext(procFiles(), local));
  const said =
    action === 'pre-resume' ? changes(earlier, seen.judged, criu) : await against(seen.judged, place, veto, criu);
  const vetoed = action !== 'pre-resume' && veto !== 'none' && said.length > 0;
  const clock = localBootClock();
  const [at, offset] = [clock.now(), wallOffset(clock)];
  const facts = {
    session: '',
    host: hostStatus(local),
    evidenceHost: local.host,
    plan: undefined,
    only: [`CRIU hook, --pid ${root} --tree`],
    command: undefined,
  };
  const recordings = runningRecordings().map((one) => escapeText(one.path));
  const hook = { at: at.toString(), action, root, criu, vetoed, said: [...said], recordings };
  const addition = { header: headerOf(facts, 0, at, offset), observations: seen.observations, at, offset, hook };
  const failure = await addToFile(path, addition, earlier);
  if (failure !== undefined) complain(failure);
  for (const text of said) say(`${action}: ${text}`);
  if (vetoed) say(`${action}: vetoed; the processes go on running`);
  return vetoed ? EXIT.notWell : EXIT.well;
};

/** What speaks against going on; of a dump that is to be stopped the images are asked too. */
const against = async (judged: readonly Judged[], { action, images }: Place, veto: Veto, criu: string) => {
  const dumped = action === 'post-dump';
  const inTree = objections(judged, veto, dumped);
  if (!dumped || veto === 'none' || inTree.length > 0) return inTree;
  return objections(await lookAtImages(images, criu), veto, true);
};

const changes = (earlier: Earlier, restored: readonly Judged[], criu: string): readonly string[] =>
  earlier.dumped.length === 0 ? [] : differencesSince(judgeWith(earlier.dumped, criu), restored);

/** What others record of this machine up to now is on the disk, should the dump take it down. */
const flushRecordings = (): void => {
  for (const { pid } of runningRecordings()) process.kill(pid, FLUSH);
};
