import Type, { type Static } from 'typebox';
import {
  CLOSED,
  Key,
  listOf,
  NullableKey,
  NullableNumber,
  NullableString,
  NullableText,
  NullableTimestamp,
  Serving,
  Timestamp,
} from './common.ts';

/** Body of `POST /api/swap`. */
export const SwapRequestBody = Type.Object(
  {
    model: NullableKey,
    cluster: Type.Optional(Key),
    // Opaque: a wrong one is a wrong lock and never a fault of form.
    lock_id: Type.Optional(NullableString),
    drain_seconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 3_600, description: 'Default: the setting /limits/drain_seconds, which is 30' }),
    ),
    rollback: Type.Optional(Type.Boolean({ default: true })),
    on_busy: Type.Optional(Type.Enum(['reject', 'queue'], { default: 'reject' })),
    queue_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400, default: 600 })),
    force_restart: Type.Optional(Type.Boolean({ default: false })),
    replace_unmanaged: Type.Optional(Type.Boolean({ default: false })),
    requested_by: Type.Optional(NullableText(200)),
    reason: Type.Optional(NullableText(500)),
  },
  CLOSED,
);

/** Body of `POST /api/swap/{id}/cancel`: nothing, or an empty object. */
export const EmptyBody = Type.Object({}, CLOSED);

/** Clients treat a phase they do not know, with `settled: false`, as in progress. */
export const SwapPhase = Type.Enum([
  'queued',
  'validating',
  'draining',
  'stopping',
  'launching',
  'loading',
  'warming',
  'ready',
  'rolling_back',
  'rolled_back',
  'failed',
  'cancelled',
]);
export const SwapOutcome = Type.Enum(['ready', 'failed', 'cancelled', 'rolled_back']);

export const SwapProgress = Type.Object({
  fraction: Type.Number({ minimum: 0, maximum: 1 }),
  label: Type.String(),
  elapsed_seconds: Type.Number({ minimum: 0 }),
  expected_seconds: NullableNumber,
  eta_seconds: NullableNumber,
});

export const SwapStep = Type.Object({
  phase: SwapPhase,
  status: Type.Enum(['pending', 'running', 'done', 'failed', 'skipped']),
  started_at: NullableTimestamp,
  ended_at: NullableTimestamp,
  duration_ms: NullableNumber,
  note: NullableString,
});

export const SwapCause = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: NullableString,
  log_tail: Type.Array(Type.String()),
});

export const Swap = Type.Object({
  id: Type.String(),
  cluster: Type.String(),
  model: NullableString,
  previous_model: NullableString,
  requested_by: Type.String(),
  reason: NullableString,
  phase: SwapPhase,
  settled: Type.Boolean(),
  outcome: Type.Union([SwapOutcome, Type.Null()]),
  noop: Type.Boolean(),
  simulated: Type.Boolean(),
  serving: Serving,
  fence: NullableNumber,
  cancel_requested_at: NullableTimestamp,
  cause: Type.Union([SwapCause, Type.Null()]),
  progress: SwapProgress,
  steps: Type.Array(SwapStep),
  created_at: Timestamp,
  settled_at: NullableTimestamp,
});

export const SwapList = listOf(Swap);

export const SwapWaitQuery = Type.Object(
  {
    wait_seconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 60, description: 'Answer when the swap settles, after this long at the latest' }),
    ),
  },
  CLOSED,
);

export const SwapListQuery = Type.Object(
  {
    cluster: Type.Optional(Key),
    model: Type.Optional(Key),
    outcome: Type.Optional(SwapOutcome),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: '`next_cursor` of the page before' })),
  },
  CLOSED,
);

export type WireSwapRequest = Static<typeof SwapRequestBody>;
export type WireSwap = Static<typeof Swap>;
export type WireSwapProgress = Static<typeof SwapProgress>;
export type WireSwapStep = Static<typeof SwapStep>;
export type WireSwapCause = Static<typeof SwapCause>;
export type WireSwapList = Static<typeof SwapList>;
