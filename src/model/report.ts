import { type Static, Type } from '@sinclair/typebox';
import { DifferenceJson } from './diff.js';
import { REPORT } from './document-names.js';
import { orNull, words } from './shapes.js';

/**
 * The machine output of `ps`, `check` and `analyze`: "vdsowatch/report/1". One definition gives the
 * TypeScript type, the check in tests and the JSON Schema that `vdsowatch schema` prints. Values of the evidence
 * corpus keep their names here; null means unknown, except `vdso: null`, which means there is none.
 */

const Address = Type.String({ pattern: '^0x[0-9a-f]+$', description: 'address, lower-case hexadecimal' });

const Confidence = words('proven', 'likely', 'unknown');

export const FindingJson = Type.Object({
  code: Type.String({ description: 'stable kebab-case word, explained in the README' }),
  severity: words('info', 'warning', 'error'),
  mapping: orNull(Address),
  text: Type.String(),
  evidence: Type.Array(Type.String()),
  criuMessage: orNull(Type.String()),
});

const MappingClass = words('genuine', 'decoy', 'criu-runtime', 'criu-proxy', 'not-vdso');

const PolicyJson = Type.Object({
  decision: orNull(Type.Array(Address)),
  right: orNull(Type.Boolean()),
  why: Type.String(),
  criuMessages: Type.Array(Type.String()),
});

const HistoryJson = Type.Object({
  at: Type.String({ description: 'boot clock, ns' }),
  text: Type.String(),
  severity: words('info', 'warning', 'error'),
});

const PoliciesJson = Type.Object({ hint: PolicyJson, pfn: PolicyJson, symtable: PolicyJson });

/** One state of a process among others of it. */
const MomentJson = Type.Object({
  role: words('before', 'dump', 'after', 'crash'),
  source: words('proc', 'bundle', 'criu-image', 'core', 'recording'),
  path: Type.String({ description: 'as given, escaped' }),
  pid: Type.Integer(),
  release: orNull(Type.String()),
  time: orNull(Type.String()),
  state: Type.String({ description: 'word for the state, as in the tables' }),
  vdso: Type.Optional(orNull(Address)),
  hint: orNull(words('ok', 'lost', 'gained', 'lost+gained', 'none')),
  mappings: Type.Record(Address, MappingClass),
  findings: Type.Array(FindingJson),
});

const ProcessJson = Type.Object({
  pid: Type.Integer(),
  comm: orNull(Type.String({ description: 'escaped: \\n, \\x1b, \\u{202e}, \\xff' })),
  source: words('proc', 'bundle', 'criu-image', 'core', 'recording'),
  abi: orNull(Type.String()),
  /** Why nothing could be read; null when it could. */
  unreadable: orNull(Type.String()),
  /** False for kernel threads and zombies, which have no memory. */
  applicable: Type.Boolean(),
  namespaces: Type.Record(Type.String(), Type.String({ description: 'inode number' })),
  confidence: Confidence,
  vdso: Type.Optional(
    orNull(
      Type.Object({
        start: Address,
        end: Address,
        image: orNull(Type.String()),
        moved: orNull(Type.Boolean()),
        modifiedPages: orNull(Type.Array(Type.Integer())),
        vvarAttached: orNull(Type.Boolean()),
        sealed: orNull(Type.Boolean()),
        permissions: Type.String(),
      }),
    ),
  ),
  hint: orNull(words('ok', 'lost', 'gained', 'lost+gained', 'none')),
  mappings: Type.Record(Address, MappingClass),
  mappingDetails: Type.Array(
    Type.Object({
      start: Address,
      end: Address,
      name: Type.String(),
      class: MappingClass,
      confidence: Confidence,
      evidence: Type.Array(Type.String()),
    }),
  ),
  findings: Type.Array(FindingJson),
  policies: PoliciesJson,
  forecast: Type.Optional(
    Type.Object({
      criu: Type.String(),
      dump: orNull(words('ok', 'fail', 'fail-kills')),
      restore: orNull(words('in-place', 'proxy', 'none', 'fail', 'crash')),
      /** True when `restore` is null because it is unknown, not because there is no image. */
      restoreUnknown: Type.Boolean(),
      loss: orNull(Type.Array(words('vdso-content', 'permissions', 'memory'))),
      findings: Type.Array(FindingJson),
    }),
  ),
  history: Type.Array(HistoryJson),
  /** Of `analyze`, where a recording or several paths tell of the process: what happened, in a few sentences. */
  conclusion: Type.Optional(Type.Array(Type.String())),
  /** The same step by step, oldest first. */
  story: Type.Optional(
    Type.Array(
      Type.Object({
        time: orNull(Type.String({ description: 'time of day, ISO 8601, UTC; null when the source does not say' })),
        who: Type.String({ description: 'process, or file and line' }),
        text: Type.String(),
        severity: words('info', 'warning', 'error'),
      }),
    ),
  ),
  /** Every state that is known, oldest first. */
  moments: Type.Optional(Type.Array(MomentJson)),
  /** What CRIU's checks would have said, whenever that changed. */
  policyHistory: Type.Optional(
    Type.Array(Type.Object({ time: Type.String(), state: Type.String(), policies: PoliciesJson })),
  ),
  /** What CRIU took each mapping for, against what it is. */
  choices: Type.Optional(
    Type.Array(
      Type.Object({
        mapping: Address,
        class: MappingClass,
        by: Type.String({ description: 'what told its class' }),
        took: words('vdso', 'vvar', 'memory', 'left out'),
        right: Type.Boolean(),
      }),
    ),
  ),
  /** Between the last state before the dump and the last one after it. */
  differences: Type.Optional(Type.Array(DifferenceJson)),
});

const HostJson = Type.Object({
  release: orNull(Type.String()),
  machine: orNull(Type.String()),
  pageSize: Type.Integer(),
  hintTest: words('kept', 'lost', 'unknown'),
  reference: Type.Record(Type.String(), Type.Array(Address)),
});

/** Processes that map the same vDSO pages. */
const PageSetJson = Type.Object({
  kind: words('host', 'container', 'lone'),
  image: Type.String(),
  uts: orNull(Type.String({ description: 'inode number of the UTS namespace they share; null for the host' })),
  frames: Type.Array(orNull(Address)),
  processes: Type.Array(Type.Integer()),
});

export const ReportJson = Type.Object(
  {
    schema: Type.Literal(REPORT),
    host: orNull(HostJson),
    processes: Type.Array(ProcessJson),
    /** Of `ps --baselines`. */
    pageSets: Type.Optional(Type.Array(PageSetJson)),
    /** What could not be read or judged at all: one sentence each. */
    problems: Type.Array(Type.Object({ kind: Type.String(), text: Type.String(), mend: orNull(Type.String()) })),
  },
  { title: 'vdsowatch report' },
);

/** With `-o ndjson` each process is a line by itself; neither the host nor what could not be read is in it. */
const ReportLineJson = Type.Object(
  { schema: Type.Literal(REPORT), ...ProcessJson.properties },
  { title: 'one process' },
);

/** All that carries the name. */
export const ReportOrLineJson = Type.Union([ReportJson, ReportLineJson], { $id: REPORT, title: 'vdsowatch report' });

export type ProcessReport = Static<typeof ProcessJson>;
export type FindingReport = Static<typeof FindingJson>;
export type PageSetReport = Static<typeof PageSetJson>;
export type HostReport = Static<typeof HostJson>;
export type Report = Static<typeof ReportJson>;
