import { type Static, Type } from '@sinclair/typebox';
import { orNull, words } from './shapes.js';

/**
 * The machine output of `doctor`: "vdsowatch/doctor/1". Its `target` is what `analyze --target` needs to know of the
 * host that an image is to be restored on. null means not known or not there.
 */
export const DOCTOR = 'vdsowatch/doctor/1';

const TextOrNull = orNull(Type.String());

const VdsoImageJson = Type.Object({
  size: Type.Integer({ description: 'bytes of the [vdso] mapping' }),
  data: Type.Array(Type.Object({ name: Type.String(), size: Type.Integer() }), {
    description: 'the data mappings beside it, in address order',
  }),
  dataSize: Type.Integer({ description: 'bytes of all of them: what CRIU compares as the size of vvar' }),
  vdsoBeforeData: Type.Union([Type.Boolean(), Type.Null()], { description: 'null: there are no data mappings' }),
  symbols: Type.Record(Type.String(), Type.Integer(), { description: 'offsets from the start of the image' }),
  buildId: TextOrNull,
  linuxVersion: TextOrNull,
});

export const TargetJson = Type.Object({
  release: TextOrNull,
  machine: TextOrNull,
  pageSize: Type.Integer(),
  hintTest: words('kept', 'lost', 'unknown'),
  images: Type.Record(Type.String(), VdsoImageJson, { description: 'by ABI: x86_64, i386, x32, aarch64' }),
});

export const DoctorJson = Type.Object(
  {
    schema: Type.Literal(DOCTOR),
    liveTracing: Type.Boolean(),
    checks: Type.Array(
      Type.Object({
        code: Type.String(),
        status: words('ok', 'warn', 'fail'),
        what: Type.String(),
        found: Type.String(),
        mend: TextOrNull,
      }),
    ),
    target: TargetJson,
  },
  { $id: DOCTOR, title: 'vdsowatch doctor' },
);

export type DoctorReport = Static<typeof DoctorJson>;
export type Target = Static<typeof TargetJson>;
export type VdsoImage = Static<typeof VdsoImageJson>;
