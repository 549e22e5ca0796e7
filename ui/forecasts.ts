import type { Evidence } from '../src/model/evidence.js';
import type { Forecast } from '../src/model/verdict.js';
import type { ScreenControls } from './controls.js';
import { hasExited, type Row } from './row.js';

/** What a dump would make of a row's process, asked once for each reading: the detail is drawn ten times a second. */
export const rememberedForecasts = (foretell: ScreenControls['foretell']): ((row: Row) => Forecast | undefined) => {
  const known = new WeakMap<Evidence, Forecast>();
  return (row) => {
    const { process, space } = row;
    const evidence = space?.evidence;
    if (foretell === undefined || evidence === undefined || space?.verdict?.applicable !== true || hasExited(row))
      return undefined;
    const told = known.get(evidence) ?? foretell(process);
    if (told !== undefined) known.set(evidence, told);
    return told;
  };
};
