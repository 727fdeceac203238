import Type, { type Static } from 'typebox';
import { CLOSED, listOf, NullableBytes, NullableNumber, NullableString, NullableTimestamp, Timestamp } from './common.ts';

/** The same list is `OPERATION_KINDS` of the core, which this package may not import. */
export const OperationKind = Type.Enum([
  'model_download',
  'image_pull',
  'host_update',
  'host_reboot',
  'service_restart',
  'patches_apply',
  'patches_undo',
  'nim_install',
  'vector_snapshot',
  'vector_restore',
]);

export const OperationState = Type.Enum(['running', 'succeeded', 'failed', 'cancelled']);

/** One part of the work, usually one host's. */
export const OperationPart = Type.Object({
  key: Type.String(),
  host: NullableString,
  label: Type.String(),
  status: Type.Enum(['pending', 'running', 'done', 'failed', 'skipped']),
  done_bytes: NullableBytes,
  total_bytes: NullableBytes,
  fraction: NullableNumber,
  note: NullableString,
});

/** Long work other than a swap. */
export const Operation = Type.Object({
  id: Type.String(),
  kind: OperationKind,
  subject: Type.String({ description: 'Key of the model, host or service that it is about' }),
  cluster: NullableString,
  requested_by: Type.String(),
  reason: NullableString,
  state: OperationState,
  settled: Type.Boolean(),
  progress: Type.Object({
    fraction: NullableNumber,
    label: Type.String(),
    done_bytes: NullableBytes,
    total_bytes: NullableBytes,
    bytes_per_second: NullableNumber,
    elapsed_seconds: Type.Number({ minimum: 0 }),
    eta_seconds: NullableNumber,
  }),
  parts: Type.Array(OperationPart),
  cancellable: Type.Boolean(),
  cancel_requested_at: NullableTimestamp,
  cause: Type.Union([Type.Object({ code: Type.String(), message: Type.String(), hint: NullableString }), Type.Null()]),
  result: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  simulated: Type.Boolean(),
  created_at: Timestamp,
  settled_at: NullableTimestamp,
});

export const OperationList = listOf(Operation);

export const OperationQuery = Type.Object(
  {
    kind: Type.Optional(OperationKind),
    subject: Type.Optional(Type.String({ maxLength: 200 })),
    state: Type.Optional(OperationState),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 200 })),
  },
  CLOSED,
);

export const OperationWaitQuery = Type.Object({ wait_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })) }, CLOSED);

/** A line of output on `/api/operations/{id}/stream`. `host` is `null` for lines of the control plane. */
export const OperationLogEvent = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  host: NullableString,
  at: Timestamp,
  line: Type.String(),
});

/** Names of the events of `/api/operations/{id}/stream`. All but `log` carry the whole operation. */
export const OPERATION_STREAM_EVENTS = ['snapshot', 'progress', 'log', 'settled'] as const;

export type WireOperation = Static<typeof Operation>;
export type WireOperationPart = Static<typeof OperationPart>;
export type WireOperationList = Static<typeof OperationList>;
export type WireOperationLogEvent = Static<typeof OperationLogEvent>;
