import type { HistoryLine } from '../model/state.js';
import type { Replayed } from './replay-frames.js';

export interface FoundFinding {
  /** Of the process, in the state that is shown then. */
  readonly process: string | undefined;
  readonly line: HistoryLine;
}

/** The worst of them, and whose it is. */
export const alarmOf = ({ lines, state }: Replayed['frame']): FoundFinding | undefined => {
  const alarms = lines.filter(isAlarm);
  const line = alarms.find(({ severity }) => severity === 'error') ?? alarms[0];
  if (line === undefined) return undefined;
  const process = [...state.processes.values()].find(({ pid, space }) => pid === line.pid && space === line.space);
  return { process: process?.key, line };
};

/** A finding that is more than information. */
export const isAlarm = ({ finding, gone, severity }: Replayed['frame']['lines'][number]): boolean =>
  finding !== undefined && gone !== true && severity !== 'info';
