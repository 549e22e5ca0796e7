/** A kernel release as a pair; patch levels never decide a rule here. */
export interface Release {
  readonly major: number;
  readonly minor: number;
}

/**
 * uname -r to (major, minor). Undefined when it cannot be the kernel's own: 2.6.40 and later are what the
 * UNAME26 personality prints for 3.x (2.6.40+x) and 4.x and later (2.6.60+x), kernel/sys.c override_release. A container
 * may print any release (Virtuozzo), so callers let the hint test and the mappings themselves go first.
 */
export const parseRelease = (text: string | undefined): Release | undefined => {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,5}))?/.exec(text ?? '');
  if (match === null) return undefined;
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (major === 2 && minor === 6 && patch >= 40) return undefined;
  return { major, minor };
};

/** Undefined when the release is not known. */
export const atLeast = (release: Release | undefined, major: number, minor: number): boolean | undefined =>
  release === undefined ? undefined : release.major > major || (release.major === major && release.minor >= minor);

/** `machine`: as uname -m prints it; undefined when it is not known. */
export const isX86 = (machine: string | undefined): boolean | undefined =>
  machine === undefined ? undefined : machine === 'x86_64' || /^i[3-6]86$/.test(machine);
