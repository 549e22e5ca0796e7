import { type Static, Type } from '@sinclair/typebox';

/** Machine output of `vdsowatch diff`. */
export const DIFF = 'vdsowatch/diff/1';

export const DifferenceJson = Type.Object({
  field: Type.Union(
    (['vdso', 'vvar', 'permissions', 'bytes', 'pages', 'namespace', 'auxv', 'hint', 'mapping'] as const).map((name) =>
      Type.Literal(name),
    ),
  ),
  text: Type.String(),
  noticeable: Type.Union(
    (['yes', 'no', 'maybe'] as const).map((word) => Type.Literal(word)),
    {
      description: 'can the program tell: yes, its code or data behaves differently; no; maybe, if it looks',
    },
  ),
});

export const DiffJson = Type.Object(
  {
    schema: Type.Literal(DIFF),
    processes: Type.Array(
      Type.Object({
        before: Type.Integer({ description: 'pid' }),
        after: Type.Integer({ description: 'pid' }),
        differences: Type.Array(DifferenceJson),
      }),
    ),
    /** Processes of one side that the other does not have. */
    onlyBefore: Type.Array(Type.Integer()),
    onlyAfter: Type.Array(Type.Integer()),
    problems: Type.Array(Type.String()),
  },
  { $id: DIFF, title: 'vdsowatch diff' },
);

export type Difference = Static<typeof DifferenceJson>;
export type DiffDocument = Static<typeof DiffJson>;
