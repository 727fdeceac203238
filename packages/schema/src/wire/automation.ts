import Type, { type Static } from 'typebox';
import { CLOSED, Key, listOf, NullableKey, NullableString, NullableTimestamp, Timestamp } from './common.ts';

const Action = Type.Union([
  Type.Object({ type: Type.Literal('swap'), model: NullableKey, cluster: Type.Optional(Key) }, CLOSED),
  Type.Object(
    { type: Type.Literal('warm'), model: Key, cluster: Type.Optional(Key), launch: Type.Optional(Type.Boolean({ default: false })) },
    CLOSED,
  ),
  Type.Object({ type: Type.Literal('restart_service'), service: Key }, CLOSED),
  Type.Object({ type: Type.Literal('health_sweep') }, CLOSED),
  Type.Object(
    {
      type: Type.Literal('qdrant_snapshot'),
      collection: Type.Optional(NullableString),
      service: Type.Optional(NullableKey),
      keep_count: Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 1, maximum: 1_000 })),
      keep_days: Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 1, maximum: 3_650 })),
    },
    CLOSED,
  ),
]);

const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$' });
/** As short as `@daily`. */
const Cron = Type.String({ minLength: 6, maxLength: 200, examples: ['0 3 * * *'] });
const Timezone = Type.String({ minLength: 1, maxLength: 64, examples: ['Europe/Berlin'] });
const Missed = Type.Enum(['skip', 'run_once']);
const LockWait = Type.Integer({ minimum: 0, maximum: 86_400 });

/** Body of `POST /api/automations`. Defaults: UTC, enabled, missed runs skipped, 600 s of waiting for the lock. */
export const CreateAutomationBody = Type.Object(
  {
    name: Name,
    cron: Cron,
    timezone: Type.Optional(Timezone),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    missed: Type.Optional(Missed),
    lock_wait_seconds: Type.Optional(LockWait),
    action: Action,
  },
  CLOSED,
);
export const ChangeAutomationBody = Type.Object(
  {
    name: Type.Optional(Name),
    cron: Type.Optional(Cron),
    timezone: Type.Optional(Timezone),
    enabled: Type.Optional(Type.Boolean()),
    missed: Type.Optional(Missed),
    lock_wait_seconds: Type.Optional(LockWait),
    action: Type.Optional(Action),
  },
  CLOSED,
);

export const AutomationRun = Type.Object({
  id: Type.String(),
  automation: Type.String(),
  scheduled_for: NullableTimestamp,
  started_at: Timestamp,
  settled_at: NullableTimestamp,
  outcome: Type.Union([Type.Enum(['succeeded', 'failed', 'skipped']), Type.Null()]),
  detail: NullableString,
  swap_id: NullableString,
  started_by: Type.String(),
});
export const AutomationRunList = listOf(AutomationRun);

export const Automation = Type.Object({
  id: Type.String(),
  name: Type.String(),
  cron: Type.String(),
  timezone: Type.String(),
  enabled: Type.Boolean(),
  missed: Missed,
  lock_wait_seconds: Type.Integer(),
  action: Type.Record(Type.String(), Type.Unknown()),
  next_run_at: NullableTimestamp,
  last_run: Type.Union([AutomationRun, Type.Null()]),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export const AutomationList = listOf(Automation);
export const RunListQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  CLOSED,
);

export type WireCreateAutomation = Static<typeof CreateAutomationBody>;
export type WireChangeAutomation = Static<typeof ChangeAutomationBody>;
export type WireAutomation = Static<typeof Automation>;
export type WireAutomationList = Static<typeof AutomationList>;
export type WireAutomationRun = Static<typeof AutomationRun>;
export type WireAutomationRunList = Static<typeof AutomationRunList>;
