import { type Failure, type FailureKind, failure } from '../model/failure.js';
import { printable } from '../text/escape.js';

/** How a bpftrace ended, as far as we saw it. */
export interface Ending {
  /** Its standard error: the first and the last lines. */
  readonly stderr: readonly string[];
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/**
 * Why a bpftrace that should be running is not, by what it wrote and how it ended. Its messages differ by version and
 * mix warnings about working scripts with errors (measured): known texts are judged by meaning, lines
 * known to be harmless say nothing, and of the rest the first error line is quoted.
 */
export const explainEnding = ({ stderr, code, signal }: Ending): Failure => {
  for (const meaning of MEANINGS)
    for (const line of stderr) {
      const match = meaning.pattern.exec(line);
      if (match !== null) return failure(meaning.kind, meaning.text(printable(match[1] ?? '')), meaning.mend, stderr);
    }
  const errors = stderr.filter((line) => /(?:ERROR|FATAL|[Ee]rror): /.test(line) && !isHarmless(line));
  // 0.27 says of each part that includes what it could not compile that this failed too; the cause comes after, as a hint.
  const error = errors.find((line) => !line.endsWith('ERROR: failed to build')) ?? errors[0];
  if (error !== undefined)
    return failure('probe-rejected', `bpftrace did not take the script: ${quote(error)}`, ANOTHER, stderr);
  const how = signal === undefined ? `with status ${code ?? 'unknown'}` : `by ${signal}`;
  return failure('bpftrace-died', `bpftrace ended ${how}`, null, stderr);
};

/** Tested are 0.17 to 0.27. */
const ANOTHER = 'try another bpftrace, of 0.17 to 0.27: VDSOWATCH_BPFTRACE=/path/to/it names it';

/** Said on every run of some hosts, while all works. */
export const isHarmless = (line: string): boolean => HARMLESS.some((pattern) => pattern.test(line));

const HARMLESS: readonly RegExp[] = [
  // No CAP_SYS_RESOURCE; programs load anyway since 5.11 charges memory to the cgroup. "ERROR" up to 0.17.
  /couldn't set RLIMIT_(?:MEMLOCK|NOFILE) for bpftrace/,
  /Could not read (?:functions|symbols) from .*available_filter_functions/,
  /Addrspace mismatch/,
  /^(?:stdin:\d+:[\d-]+: )?WARNING: /,
];

interface Meaning {
  readonly pattern: RegExp;
  readonly kind: FailureKind;
  /** The sentence; `detail` is what the pattern's group caught, escaped. */
  readonly text: (detail: string) => string;
  readonly mend: string | null;
}

/** In order: the first that matches any line is the reason, so what explains more comes first. */
const MEANINGS: readonly Meaning[] = [
  {
    pattern: /only supports running as the root user|Missing CAP_/,
    kind: 'no-privilege',
    text: () => 'bpftrace needs root (CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH)',
    mend: 'run vdsowatch as root',
  },
  {
    pattern: /[Kk]ernel lockdown is enabled and set to '(\w+)'|Lockdown mode blocks/,
    kind: 'no-privilege',
    text: () => 'the kernel is locked down to "confidentiality", which forbids BPF to read kernel memory',
    mend: 'boot with lockdown=integrity or without Secure Boot',
  },
  {
    pattern: /Error reading events from .*\/tracing\/available_events/,
    kind: 'no-tracefs',
    text: () => 'bpftrace finds no tracefs',
    mend: 'mount -t tracefs tracefs /sys/kernel/tracing',
  },
  {
    pattern: /(?:Creation of the required BPF maps has failed|Error creating .*map: Operation not permitted)/,
    kind: 'no-privilege',
    text: () => 'the kernel does not let bpftrace create BPF maps',
    mend: 'run vdsowatch as root with CAP_BPF and CAP_SYS_ADMIN (in a container: --privileged)',
  },
  {
    pattern:
      /'linux\/types\.h' file not found|BTF is required for parsing tracepoint arguments|failed to parse BTF from|error: unknown type name/,
    kind: 'no-btf',
    text: () => 'bpftrace cannot read the types of this kernel (BTF)',
    mend: 'use a kernel with CONFIG_DEBUG_INFO_BTF=y, or install the package linux-libc-dev',
  },
  {
    pattern: /(?:tracepoint not found:|No matches for tracepoint) ([\w:]+)/,
    kind: 'probe-rejected',
    text: (point) => `bpftrace does not find the tracepoint ${point}`,
    mend: 'mount -t tracefs tracefs /sys/kernel/tracing, or start vdsowatch again if tracefs was mounted just now',
  },
  {
    pattern: /Unknown BPF object load failure|Loading BPF object\(s\) failed|Error loading program: \S+/,
    kind: 'probe-rejected',
    text: () => 'the kernel did not load the BPF programs',
    mend: 'run vdsowatch as root with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN (in a container: --privileged)',
  },
  {
    pattern: /Failed to open perf buffer|mmap: (?:Invalid argument|Operation not permitted|Cannot allocate memory)/,
    kind: 'probe-rejected',
    text: () => 'the kernel gave bpftrace no memory for its ring buffer',
    mend: 'unset BPFTRACE_PERF_RB_PAGES, or raise ulimit -l and kernel.perf_event_mlock_kb',
  },
  {
    pattern: /exceeds the current limit of (\d+) probes/,
    kind: 'probe-rejected',
    text: (limit) => `bpftrace was told to attach at most ${limit} probes`,
    mend: 'unset BPFTRACE_MAX_PROBES',
  },
  {
    pattern: /error while loading shared libraries: ([\w.+-]+)/,
    kind: 'no-bpftrace',
    text: (library) => `bpftrace does not start: its library ${library} is missing or cannot be loaded`,
    mend: 'install bpftrace again with the package manager',
  },
];

const quote = (line: string): string => {
  const text = printable(line.replace(/^(?:stdin:\d+:[\d-]+|HINT): /, ''));
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
};
