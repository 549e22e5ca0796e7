import type { RuntimeLayout } from '../judge/forecast/restore-rule.js';
import { expectedVvarPages, fewestVvarPages, isVdsoFirst, mapsVvar, splitsVvar } from '../judge/layout.js';
import { type Space, survey } from '../judge/space.js';
import { sizeOf } from '../model/vma.js';
import { type ImageLook, wholeSize } from './image-look.js';

/** The kernel of the dump: its vDSO is the dumped one, its vvar as large and on the side as it gives it, by its release. */
export const sameKernel = (look: ImageLook): RuntimeLayout => {
  const { dumped, evidence, process } = look;
  const space = survey(evidence, {});
  return {
    vdsoSize: dumped && wholeSize(dumped, process.pageSize),
    vvarSize: vvarSizeOf(look, space),
    vdsoFirst: isVdsoFirst(space),
    splits: splitsVvar(evidence.host.machine, space.release),
  };
};

const vvarSizeOf = ({ took, evidence, process }: ImageLook, space: Space): bigint | undefined => {
  const bytes = (pages: number): bigint => BigInt(pages) * BigInt(process.pageSize);
  const expected = expectedVvarPages(space);
  if (expected !== undefined) return bytes(expected);
  if (took.vvar.length === 0 && mapsVvar(evidence.host.machine, space.release) !== false) return undefined;
  const mapped = took.vvar.reduce((sum, area) => sum + sizeOf(area), 0n);
  const fewest = bytes(fewestVvarPages(space) ?? 0);
  // Less than any such kernel has: some of it was unmapped.
  if (mapped < fewest) return fewest;
  return mapped;
};
