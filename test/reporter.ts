import type { TestEvent } from 'node:test/reporters';

/**
 * Reporter for `npm test`: says each failure whole, counts what was skipped and why, and ends with the test
 * runner's own summary ("# tests N ... # skipped N"), so that a green run that tested nothing shows.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const summary: string[] = [];
  const skipped = new Map<string, number>();
  const live = { passed: 0, skipped: 0 };
  let file = '';
  let running = '';
  const began = performance.now();
  for await (const event of events) {
    if (event.type === 'test:diagnostic' && SUMMARY.test(event.data.message)) summary.push(`# ${event.data.message}\n`);
    if (event.type === 'test:stderr' || event.type === 'test:stdout') yield event.data.message;
    if (event.type === 'test:dequeue' && event.data.name !== event.data.file) running = event.data.name;
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    if (data.file !== undefined && data.file !== file) {
      file = data.file;
      yield `${file.replace(/^.*\/dist\//, '')}  (after ${Math.round((performance.now() - began) / 1000)} s)\n`;
    }
    // A file that was ended for taking too long says nothing of the test that it hung in.
    const name = data.name === data.file ? `${data.name}: the last test begun was "${running}"` : data.name;
    if (event.type === 'test:fail') yield failureText(name, file, event.data.details.error);
    else if (data.skip !== undefined && data.skip !== false) {
      const reason = typeof data.skip === 'string' ? data.skip : 'no reason given';
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
      if (file.includes('.live.')) live.skipped += 1;
    } else if (file.includes('.live.')) live.passed += 1;
  }
  yield `\nlive tests: ${live.passed} passed, ${live.skipped} skipped\n`;
  for (const [reason, count] of skipped) yield `skipped ${count}: ${reason}\n`;
  yield* summary;
}

/** The runner's own closing lines; what a test says of itself is for those who run its file alone. */
const SUMMARY = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

const failureText = (name: string, file: string, error: Error): string => {
  const cause =
    error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error);
  return `\nFAILED ${name}\n  in ${file}\n  ${cause.split('\n').join('\n  ')}\n\n`;
};
