import type { HistoryLine, WatchState } from '../model/state.js';
import { isNamed } from '../text/comm.js';
import { printable } from '../text/escape.js';

/** What is shown of everything that is seen; nothing given: all of it. */
export interface Choice {
  readonly pid?: readonly number[] | undefined;
  /** Printed form, exact. */
  readonly comm?: string | undefined;
}

/** Lines of the chosen processes, and about them; what vdsowatch says about itself is for everybody. */
export const isChosenLine =
  ({ pid, comm }: Choice): ((line: HistoryLine) => boolean) =>
  (line) =>
    line.pid === 0 ||
    ((pid === undefined || pid.includes(line.pid) || (line.target !== undefined && pid.includes(line.target))) &&
      (comm === undefined || isNamed(printable(line.comm), comm)));

/** The state as a screen shows it: the chosen processes and their lines. */
export const chosenState = (choice: Choice): ((state: WatchState) => WatchState) => {
  const { pid, comm } = choice;
  if (pid === undefined && comm === undefined) return (state) => state;
  const lines = isChosenLine(choice);
  return (state) => ({
    ...state,
    processes: new Map(
      [...state.processes].filter(
        ([, one]) =>
          (pid === undefined || pid.includes(one.pid)) && (comm === undefined || isNamed(printable(one.comm), comm)),
      ),
    ),
    recent: state.recent.filter(lines),
  });
};
