import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** What a page did when a real browser opened it. */
export interface PageVisit {
  readonly requested: readonly string[];
  readonly consoleErrors: readonly string[];
  /** document.body.innerText, after loading. */
  readonly text: string;
  readonly title: string;
}

/**
 * Opens a page in headless Chromium and listens over the DevTools protocol (NUL-separated JSON on file descriptors 3
 * and 4, --remote-debugging-pipe): what the page, and not the browser around it, asks for and complains about.
 */
export const visit = async (url: string): Promise<PageVisit> => {
  const profile = mkdtempSync(join(tmpdir(), 'vdsowatch-browser-'));
  const child = spawn(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    return await converse(child, url);
  } finally {
    // Its helpers too: they write to the profile until they are gone.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
    await removed(profile);
  }
};

const removed = async (folder: string): Promise<void> => {
  for (let tries = 0; ; tries++)
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((next) => setTimeout(next, 100));
    }
};

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
}

const converse = async (child: ChildProcess, url: string): Promise<PageVisit> => {
  const output = child.stdio[3] as Writable;
  const input = child.stdio[4] as Readable;
  const waiting = new Map<number, (message: Message) => void>();
  const heard: Message[] = [];
  let buffered = '';
  input.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (buffered + chunk).split('\0');
    buffered = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id === undefined) heard.push(message);
      else waiting.get(message.id)?.(message);
    }
  });
  let id = 0;
  const send = (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> => {
    id += 1;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    output.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    return answer.then(({ result }) => result ?? {});
  };
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const attached = await send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(attached['sessionId']);
  for (const domain of ['Network', 'Log', 'Runtime', 'Page']) await send(`${domain}.enable`, {}, session);
  await send('Page.navigate', { url }, session);
  while (!heard.some(({ method }) => method === 'Page.loadEventFired'))
    await new Promise((next) => setTimeout(next, 20));
  const evaluate = async (expression: string): Promise<string> => {
    const answer = (await send('Runtime.evaluate', { expression }, session))['result'];
    return typeof answer === 'object' && answer !== null && 'value' in answer ? String(answer.value) : '';
  };
  const text = await evaluate('document.body.innerText');
  const title = await evaluate('document.title');
  const of = (...methods: string[]) => heard.filter(({ method }) => methods.includes(method ?? ''));
  return {
    requested: of('Network.requestWillBeSent').map(({ params }) => urlOf(params)),
    consoleErrors: of('Log.entryAdded', 'Runtime.exceptionThrown', 'Runtime.consoleAPICalled').map((one) =>
      JSON.stringify(one),
    ),
    text,
    title,
  };
};

const urlOf = (params: Record<string, unknown> | undefined): string => {
  const request = params?.['request'];
  return typeof request === 'object' && request !== null && 'url' in request ? String(request.url) : '';
};
