import type { PageSet } from '../src/judge/baseline.js';
import type { Outcome } from '../src/model/failure.js';
import type { HistoryLine, ProcessState, WatchState } from '../src/model/state.js';
import type { Forecast } from '../src/model/verdict.js';
import type { Abilities } from './view.js';

/** What the screen can ask for. What is left out is not offered to the user. */
export interface ScreenControls {
  /** Read every process again now. */
  rescan(): void;
  /** The view was frozen or let go; collecting goes on either way. */
  freeze?(frozen: boolean): void;
  /** Saves a recording; the value is what to tell the user. */
  save?(path: string): Promise<Outcome<string>>;
  /** Processes grouped by the vDSO pages they map; asked for only while that page is open. */
  pageSets?(state: WatchState): readonly PageSet[];
  /** Which container or service a process of now is in; asked for the one whose detail is open, once for each reading of it. */
  place?(pid: number): string | undefined;
  /**
   * What a dump would make of a process, which is read for it: asked for of the one whose detail is open, once for each
   * reading of it, and of those with findings that are on the screen, once for each verdict.
   */
  foretell?(process: ProcessState): Forecast | undefined;
  readonly replay?: ReplayControls;
  /** Of a recording, at first; 1: as fast as it happened. */
  readonly speed?: number | undefined;
  /** What is to be shown of a state; all of it where there is none. */
  chosen?(state: WatchState): WatchState;
  /** Settles when the run is over for another reason than the user's (a time limit): the screen closes with this status. */
  readonly over?: Promise<number>;
}

/** Time, for a recording shown on the same screen. */
export interface ReplayControls {
  pause(paused: boolean): void;
  /** By events; negative: back. */
  step(steps: number): void;
  /** To a time of the boot clock, ns: of the recording's first boot, or of the one that is shown. */
  seek(at: bigint, by?: 'shown'): void;
  /** 1: as fast as it happened. */
  speed(factor: number): void;
  /** To the next finding that is more than information; undefined: there is none. */
  nextFinding(): Promise<NextFinding | undefined>;
  /** A time as the user writes it, to the boot clock of the first boot, ns. */
  moment(text: string): Outcome<bigint>;
}

export interface NextFinding {
  /** Key of the process whose it is, where that is known. */
  readonly process: string | undefined;
  readonly line: HistoryLine;
}

/** What there is to be offered. */
export const abilitiesOf = ({ save, replay, pageSets, foretell }: ScreenControls): Abilities => ({
  save: save !== undefined,
  replay: replay !== undefined,
  pageSets: pageSets !== undefined,
  foretell: foretell !== undefined,
});
