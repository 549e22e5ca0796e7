import { randomUUID } from 'node:crypto';
import type { Host } from '../model/evidence.js';
import { failed, type Outcome, success } from '../model/failure.js';
import type { WatchState } from '../model/state.js';
import { escapeText } from '../text/escape.js';
import { baseOf } from './base.js';
import { cannotWrite, createFile } from './create-file.js';
import { openEncoder } from './encoder.js';
import { gzipMember } from './gzip-member.js';
import { headerOf } from './header.js';

/**
 * Saves what a screen shows as a recording: every process, its history, and the newest lines. `offset`: time of day
 * minus boot clock, ns. The value is what to tell the user.
 */
export const saveState = async (
  path: string,
  state: WatchState,
  evidenceHost: Host,
  offset: bigint,
): Promise<Outcome<string>> => {
  const made = await createFile(path);
  if (!made.ok) return made;
  const text = savedText(state, evidenceHost, offset);
  try {
    await made.value.writeFile(path.endsWith('.gz') ? await gzipMember(text) : text, 'latin1');
    await made.value.datasync();
  } catch (error) {
    return failed(cannotWrite(path, error));
  } finally {
    await made.value.close();
  }
  const living = [...state.processes.values()].filter(({ exitedAt }) => exitedAt === undefined).length;
  return success(`${living} processes and ${state.recent.length} lines saved in ${escapeText(path)}`);
};

/** Pure but for the session's name. */
export const savedText = (state: WatchState, evidenceHost: Host, offset: bigint): string => {
  const encoder = openEncoder();
  const facts = {
    session: randomUUID(),
    host: state.host,
    evidenceHost,
    plan: undefined,
    only: ['saved from the screen'],
    command: undefined,
  };
  const at = state.now;
  return [
    encoder.header(headerOf(facts, 0, at, offset)),
    ...baseOf(state).map((observations) => encoder.frame({ observations, at, offset, base: true })),
    encoder.frame({ observations: [{ kind: 'tick', at }], at, offset, lines: state.recent }),
  ].join('');
};
