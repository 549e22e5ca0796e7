import { type Static, Type } from '@sinclair/typebox';
import { Hex, orNull, words } from '../model/shapes.js';

/** The machine output of `hint`: "vdsowatch/hint/1". null means not known. */
export const HINT = 'vdsowatch/hint/1';

const Count = Type.Integer({ minimum: 0 });

const MremapTestJson = Type.Object({
  abi: Type.String(),
  outcome: Type.Union(
    ['kept', 'lost', 'no-abi', 'no-vdso', 'sealed', 'failed'].map((word) => Type.Literal(word)),
    { description: 'kept: the name goes along with the vDSO, and nothing else gets it' },
  ),
  why: orNull(Type.String()),
  from: orNull(Hex),
  to: orNull(Hex),
  nameFollowed: orNull(Type.Boolean()),
  strangerNamed: Type.Union([Type.Boolean(), Type.Null()], {
    description: 'anonymous memory put at the old address is named [vdso]; the half that the test of CRIU misses',
  }),
  criuSaysReliable: orNull(Type.Boolean()),
  evidence: Type.Array(Type.String()),
});

const CheckJson = words('hint', 'pfn', 'symtable', 'fails', 'unknown');

const PolicyCountJson = Type.Object({
  right: Count,
  wrong: Count,
  unknown: Count,
  wrongAbout: Type.Array(
    Type.Object({
      pid: Type.Integer(),
      comm: Type.String(),
      why: Type.String(),
      criuMessages: Type.Array(Type.String(), { description: 'what CRIU prints while it goes wrong' }),
    }),
  ),
});

export const HintJson = Type.Object(
  {
    schema: Type.Literal(HINT),
    release: Type.String(),
    machine: Type.String(),
    tests: Type.Array(MremapTestJson),
    hint: words('kept', 'lost', 'unknown'),
    criu: Type.Array(
      Type.Object({
        versions: Type.String(),
        starts: orNull(Type.Boolean()),
        native: CheckJson,
        compat: orNull(CheckJson),
        why: Type.String(),
      }),
    ),
    processes: Type.Object({
      readable: Count,
      unreadable: Count,
      checks: Type.Object({ hint: PolicyCountJson, pfn: PolicyCountJson, symtable: PolicyCountJson }),
    }),
    saved: Type.Union([
      Type.Object({
        processes: Count,
        candidates: Count,
        systemCalls: Count,
        nanoseconds: Type.String({ description: 'median of the rounds' }),
        rounds: Count,
      }),
      Type.Null(),
    ]),
  },
  { $id: HINT, title: 'vdsowatch hint' },
);

export type HintReport = Static<typeof HintJson>;
