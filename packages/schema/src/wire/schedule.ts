import Type, { type Static } from 'typebox';
import { CLOSED, Key, listOf, NullableInteger, NullableKey, NullableString, NullableText, Timestamp } from './common.ts';

/** RFC 3339 with any offset, as people write it; from 1970 on. */
export const Moment = Type.String({ format: 'date-time', maxLength: 40, examples: ['2026-11-21T06:00:00Z'] });

/** `null` is as good as nothing in these, so that what was read can be sent back. As short as `@daily`. */
const Cron = Type.Unsafe<string | null>({ type: ['string', 'null'], minLength: 6, maxLength: 200, examples: ['0 6 * * 1-5'] });
const Timezone = Type.String({ minLength: 1, maxLength: 64, examples: ['Europe/Berlin'] });
const seconds = (minimum: number, maximum: number) => Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum, maximum });

/**
 * Body of `PUT /api/schedules/{id}`. One of `cron` (with `duration_seconds`) and `windows` at least; windows may not overlap.
 * Without `cluster` the only or the default one is meant, with `null` none: such a schedule is in nobody's way.
 */
export const RegisterScheduleBody = Type.Object(
  {
    owner: Type.String({ minLength: 1, maxLength: 200, pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$' }),
    title: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
    cluster: Type.Optional(NullableKey),
    model: Type.Optional(NullableKey),
    cron: Type.Optional(Cron),
    timezone: Type.Optional(Timezone),
    windows: Type.Optional(Type.Array(Type.Object({ start: Moment, end: Moment }, CLOSED), { maxItems: 1_000 })),
    duration_seconds: Type.Optional(seconds(1, 7 * 86_400)),
    url: Type.Optional(NullableText(2_000)),
    expires_after_seconds: Type.Optional(seconds(60, 400 * 86_400)),
  },
  CLOSED,
);

export const Schedule = Type.Object({
  id: Type.String(),
  owner: Type.String(),
  title: Type.String(),
  cluster: NullableString,
  model: NullableString,
  cron: NullableString,
  timezone: Type.String(),
  windows: Type.Array(Type.Object({ start: Timestamp, end: Timestamp })),
  duration_seconds: NullableInteger,
  url: NullableString,
  expires_after_seconds: NullableInteger,
  stale: Type.Boolean({ description: 'Not registered again within its time' }),
  registered_at: Timestamp,
  created_at: Timestamp,
});

/** Answer of `PUT /api/schedules/{id}`. */
export const RegisteredSchedule = Type.Object({
  ...Schedule.properties,
  warnings: Type.Array(Type.String(), { description: 'What is odd and taken all the same' }),
});

export const Conflict = Type.Object({
  kind: Type.Enum(['schedule', 'lock', 'automation']),
  with: Type.String(),
  detail: Type.String(),
  start: Timestamp,
  end: Timestamp,
});

/** One time at which a schedule takes place. */
export const Occurrence = Type.Object({
  schedule: Type.String(),
  owner: Type.String(),
  title: Type.String(),
  cluster: NullableString,
  model: NullableString,
  url: NullableString,
  stale: Type.Boolean(),
  start: Timestamp,
  end: Timestamp,
  conflicts: Type.Array(Conflict),
});

/** `GET /api/schedules`: `items` are occurrences between `from` and `to`, `schedules` the registrations. */
export const Calendar = Type.Object({
  ...listOf(Occurrence).properties,
  from: Timestamp,
  to: Timestamp,
  cut_at: Type.Union([Timestamp, Type.Null()], { description: 'There is more: what is here is complete only before this time' }),
  schedules: Type.Array(Schedule),
});
export const CalendarQuery = Type.Object({ from: Type.Optional(Moment), to: Type.Optional(Moment), cluster: Type.Optional(Key) }, CLOSED);

export type WireSchedule = Static<typeof Schedule>;
export type WireRegisteredSchedule = Static<typeof RegisteredSchedule>;
export type WireRegisterSchedule = Static<typeof RegisterScheduleBody>;
export type WireOccurrence = Static<typeof Occurrence>;
export type WireConflict = Static<typeof Conflict>;
export type WireCalendar = Static<typeof Calendar>;
