/** Runs of a property test: few in CI, many when FUZZ_RUNS says so. */
export const fuzzRuns = (usual: number): number => {
  const asked = Number(process.env['FUZZ_RUNS']);
  return Number.isSafeInteger(asked) && asked > 0 ? asked : usual;
};
