/**
 * What is true of one address space, as far as the evidence goes. Values and names are those of the machine
 * output and of the corpus; `undefined` means unknown, which is never the same as no.
 */
export interface Verdict {
  /** null: there is no vDSO. undefined: not known. */
  readonly vdso: VdsoVerdict | null | undefined;
  readonly hint: Hint | undefined;
  /** Every VMA that is the vDSO, is named like it, or looks like it; by start address. */
  readonly mappings: readonly MappingVerdict[];
  readonly findings: readonly Finding[];
  readonly policies: Policies;
  readonly confidence: Confidence;
  /** ABI of the process: "x86_64", "i386", "x32", "aarch64", ...; undefined when not known. */
  readonly abi: string | undefined;
  /** Does a vDSO question arise at all: kernel threads and zombies have no memory. */
  readonly applicable: boolean;
}

export interface VdsoVerdict {
  readonly start: bigint;
  readonly end: bigint;
  readonly image: string | undefined;
  readonly moved: boolean | undefined;
  /** Page numbers from `start`; undefined when unknowable from this evidence. */
  readonly modifiedPages: readonly number[] | undefined;
  readonly vvarAttached: boolean | undefined;
  readonly sealed: boolean | undefined;
  /** Permissions as maps prints them, e.g. "r-xp". */
  readonly permissions: string;
  /** Frames of the present, unmodified pages by page number; a hidden or absent frame is undefined. */
  readonly frames: readonly (bigint | undefined)[];
}

export type Hint = 'ok' | 'lost' | 'gained' | 'lost+gained' | 'none';
export type Confidence = 'proven' | 'likely' | 'unknown';
export type MappingClass = 'genuine' | 'decoy' | 'criu-runtime' | 'criu-proxy' | 'not-vdso';

export interface MappingVerdict {
  readonly start: bigint;
  readonly end: bigint;
  /** As the kernel printed it: hostile. */
  readonly name: string;
  readonly class: MappingClass;
  readonly confidence: Confidence;
  /** Plain sentences, each naming a source: "pagemap: page 0 is the kernel's (file bit set, not anonymous)". */
  readonly evidence: readonly string[];
}

export type Severity = 'info' | 'warning' | 'error';

export interface Finding {
  /** Stable kebab-case word, listed in README.md with what to do about it. */
  readonly code: string;
  readonly severity: Severity;
  readonly mapping: bigint | undefined;
  readonly text: string;
  readonly evidence: readonly string[];
  /** The line CRIU would print for it; undefined when it prints none. */
  readonly criuMessage: string | undefined;
}

/** What each of CRIU's checks would take for the vDSO; `right` is undefined when the truth is unknown. */
export interface PolicyVerdict {
  /** Start addresses it would give the vDSO status; undefined when it cannot decide (`why`). */
  readonly decision: readonly bigint[] | undefined;
  readonly right: boolean | undefined;
  readonly why: string;
  /** Lines CRIU prints while deciding so. */
  readonly criuMessages: readonly string[];
}

export interface Policies {
  readonly hint: PolicyVerdict;
  readonly pfn: PolicyVerdict;
  readonly symtable: PolicyVerdict;
}

/** The newest CRIU whose source the rules were read from, and its name. */
export const CURRENT_CRIU = { major: 4, minor: 2, patch: 0 } as const;
export const NEWEST_CRIU = `${CURRENT_CRIU.major}.${CURRENT_CRIU.minor}`;

/** What a given CRIU does with this process on the same kernel (measured). */
export interface Forecast {
  readonly criu: string;
  readonly dump: 'ok' | 'fail' | 'fail-kills' | undefined;
  /** null: there is no image to restore; undefined: not known. */
  readonly restore: 'in-place' | 'proxy' | 'none' | 'fail' | 'crash' | null | undefined;
  readonly loss: readonly Loss[] | undefined;
  readonly findings: readonly Finding[];
}

export type Loss = 'vdso-content' | 'permissions' | 'memory';
