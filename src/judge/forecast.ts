import type { Evidence } from '../model/evidence.js';
import type { Finding, Forecast, Loss, Verdict } from '../model/verdict.js';
import { hex } from '../text/hex.js';
import type { CriuEntry, DumpStop } from './criu/entry.js';
import type { Pristine } from './criu/pristine.js';
import { type CriuVersion, parseCriuVersion } from './criu/version.js';
import { finding, whatToDo } from './finding-codes.js';
import { lossOf } from './forecast/loss.js';
import { type RestoreOutcome, simulateDump } from './forecast/outcome.js';
import { simulateRestore } from './forecast/restore.js';
import { type Run, runOf } from './forecast/run.js';
import { cannotRun, notKnown } from './forecast/support.js';
import { type Space, survey } from './space.js';

/**
 * What CRIU of that version ("3.17.1", "4.2") does with this process on the same kernel, by its own rules: how it reads
 * smaps, which marks it believes, what it compares at restore. What the facts do not support stays undefined. With
 * pristine images of that kernel, what was written into the vDSO is held against them.
 */
export const forecast = (
  evidence: Evidence,
  verdict: Verdict,
  criuVersion: string,
  pristine: readonly Pristine[] = [],
): Forecast => {
  const version = parseCriuVersion(criuVersion);
  if (version === undefined) return unknown(criuVersion, 'this is no CRIU version');
  if (!verdict.applicable) return { ...EMPTY, criu: criuVersion };
  if (evidence.vmas === undefined) return unknown(criuVersion, 'its mappings could not be read');
  const space = survey(evidence, {});
  const hopeless = withoutCriu(space, version, criuVersion);
  if (hopeless !== undefined) return hopeless;
  const why = notKnown(space, version);
  if (why !== undefined) return unknown(criuVersion, why);
  return { criu: criuVersion, ...simulate(runOf(space, verdict, version, pristine)) };
};

/** That CRIU does nothing at all on this kernel; undefined where it runs. */
export const withoutCriu = (space: Space, version: CriuVersion, criu: string): Forecast | undefined => {
  const hopeless = cannotRun(space, version);
  if (hopeless === undefined) return undefined;
  const text = `${hopeless.text}. Use CRIU ${hopeless.use}.`;
  const first = finding('criu-cannot-run', { text, criuMessage: hopeless.line });
  return { criu, dump: 'fail', restore: null, loss: undefined, findings: [first] };
};

const EMPTY = { dump: undefined, restore: undefined, loss: undefined, findings: [] } as const;

const unknown = (criu: string, why: string): Forecast => ({
  ...EMPTY,
  criu,
  findings: [finding('criu-unknown', { text: `No forecast: ${why}.` })],
});

const simulate = (run: Run): Omit<Forecast, 'criu'> => {
  const dump = simulateDump(run);
  if (dump.outcome === 'unknown') {
    return { ...EMPTY, findings: [finding('criu-unknown', { text: `No forecast: ${dump.why}.` })] };
  }
  if (dump.outcome === 'stopped') {
    return { dump: dump.stop.outcome, restore: null, loss: undefined, findings: [stopped(run, dump.stop)] };
  }
  const { fixed, collected } = dump;
  const dropped = collected.filter(
    (one) => one.vdso && !fixed.entries.some((two) => two.start === one.start && two.vdso),
  );
  const mishinted = dropped.filter((one) => !fixed.dropped.includes(one));
  const restore = simulateRestore(run, fixed);
  if (mishinted.length > 0 && restore.restore === 'none') {
    // The kernel's page, dumped as ordinary memory: what comes back is a copy nobody measured.
    const takes = `CRIU takes the vDSO at ${hex(mishinted[0]?.start ?? 0n)} for ordinary memory.`;
    const isOld = run.space.naming.rule === 'address';
    const text = `${takes} ${isOld ? 'Every CRIU goes by the page frame on this kernel.' : whatToDo('pfn-policy-wrong')}`;
    const first = finding('pfn-policy-wrong', { severity: 'warning', text, criuMessage: fixed.lines[0] });
    return { dump: 'ok', restore: undefined, loss: undefined, findings: [first] };
  }
  const loss = lossOf(run, fixed, restore);
  return {
    dump: 'ok',
    restore: restore.restore,
    loss,
    findings: [...outcomeFinding(run, restore), ...(loss ?? []).map((one) => lost(run, one, fixed.dropped, restore))],
  };
};

const stopped = ({ space }: Run, stop: DumpStop): Finding => {
  const name = stop.outcome === 'fail' ? 'dump-fails' : 'dump-kills';
  return finding(name, {
    mapping: stop.mapping,
    text: `${name === 'dump-fails' ? 'The dump fails' : 'The dump fails and kills the process'}: ${stop.text}. ${stop.todo}`,
    evidence: [`maps of process ${space.evidence.process.pid}`],
    criuMessage: stop.line,
  });
};

/** How each outcome is told: the code of the finding, and how its sentence begins. */
const OUTCOMES = {
  'in-place': ['restore-in-place', 'Restore in place'],
  proxy: ['restore-proxy', 'Restore by proxy'],
  none: ['restore-none', 'Restored without a vDSO'],
  fail: ['restore-fails', 'The restore fails'],
  crash: ['restore-crashes', 'The restored task dies'],
} as const;

const outcomeFinding = (run: Run, { restore, text, line, vdso }: RestoreOutcome): readonly Finding[] => {
  const mapping = vdso?.start;
  if (restore === undefined || restore === null) {
    return [finding('criu-unknown', { mapping, text: `The dump works; what the restore does is not known: ${text}.` })];
  }
  const [name, opening] = OUTCOMES[restore];
  const todo = whatToDo(name);
  return [
    finding(name, {
      mapping,
      text: `${opening}: ${text}.${todo === 'Nothing.' ? '' : ` ${todo}`}`,
      evidence: [`judged: vDSO ${run.verdict.vdso ? hex(run.verdict.vdso.start) : 'none'}`],
      criuMessage: line,
    }),
  ];
};

const lost = (run: Run, loss: Loss, dropped: readonly CriuEntry[], { vdso }: RestoreOutcome): Finding => {
  switch (loss) {
    case 'vdso-content':
      return finding('loses-content', { mapping: vdso?.start, text: contentText(run, vdso) });
    case 'permissions':
      return finding('loses-permissions', { mapping: vdso?.start, text: 'The vDSO is r-x after the restore.' });
    case 'memory':
      return finding('loses-memory', {
        mapping: dropped[0]?.start,
        text: `The memory at ${hex(dropped[0]?.start ?? 0n)} begins with a CRIU mark and is left out of the dump; the task dies when it uses it.`,
        criuMessage: `Dropping marked vdso at ${(dropped[0]?.start ?? 0n).toString(16)}`,
      });
  }
};

const contentText = ({ verdict }: Run, replaced: RestoreOutcome['vdso']): string => {
  const { class: replacedClass } = verdict.mappings.find(({ start }) => start === replaced?.start) ?? {};
  if (replacedClass !== 'genuine' && replacedClass !== 'criu-proxy')
    return "The vDSO is dumped as plain memory, without the pages that are the kernel's own: after the restore they hold zeros.";
  const pages = replacedClass === 'genuine' ? (verdict.vdso?.modifiedPages ?? []) : [];
  const where = pages.length === 0 ? '' : `${pages.length === 1 ? 'page' : 'pages'} ${pages.join(', ')} of `;
  return `What was written to ${where}the vDSO is gone after the restore.`;
};
