/** A CRIU version; what follows "4.2" in "4.2-22-g2cf8f13ca" or "3.17.1" never decides a rule except the third number. */
export interface CriuVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** "4.2", "v4.1.1", "3.17.1-dirty"; undefined for anything else. */
export const parseCriuVersion = (text: string): CriuVersion | undefined => {
  const match = /^v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?![\d])/.exec(text.trim());
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
};

export const criuAtLeast = (version: CriuVersion, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor);
