import Type, { type Static, type TSchema } from 'typebox';

/** A key that people choose. The same pattern is `KEY_PATTERN` of the core, which this package may not import. */
export const KEY_REGEXP = '^[a-z0-9][a-z0-9._-]{0,63}$';

/** Text for people: no control character, so that it can neither forge a log line nor move a terminal's cursor. */
const PLAIN_TEXT = '^[^\\u0000-\\u001f\\u007f]*$';

export const Key = Type.String({ pattern: KEY_REGEXP });
/** `null` or a key; one type list instead of `anyOf`, so that a fault is reported once. */
export const NullableKey = Type.Unsafe<string | null>({ type: ['string', 'null'], pattern: KEY_REGEXP });
export const NullableText = (maxLength: number) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], minLength: 1, maxLength, pattern: PLAIN_TEXT });

/** RFC 3339, UTC, with milliseconds. */
export const Timestamp = Type.String({
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
  examples: ['2026-11-21T06:00:00.000Z'],
});
export const NullableTimestamp = Type.Union([Timestamp, Type.Null()]);
export const NullableString = Type.Unsafe<string | null>({ type: ['string', 'null'] });
export const NullableNumber = Type.Unsafe<number | null>({ type: ['number', 'null'] });
export const NullableInteger = Type.Unsafe<number | null>({ type: ['integer', 'null'] });
export const NullableBytes = Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0 });

/** A model key, `null` (nothing), `unmanaged` (something Spark Control did not start) or `unknown` (could not ask). */
export const Serving = Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'A model key, null, unmanaged or unknown' });

/** What a body may hold: nothing that is not listed. */
export const CLOSED = { additionalProperties: false } as const;

/** Path parameters are only bounded: a key or id that does not exist is a 404, however it is spelt. */
const PathWord = Type.String({ minLength: 1, maxLength: 200 });
export const KeyParams = Type.Object({ key: PathWord });
export const IdParams = Type.Object({ id: PathWord });

/** The query of a route that takes none. */
export const NoQuery = Type.Object({}, CLOSED);

/** One page of a list. `next_cursor: null`: the last page. */
export const listOf = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), next_cursor: NullableString });

export const Issue = Type.Object({
  path: Type.String({ description: 'JSON pointer into the body, or below /query, /path or /headers' }),
  code: Type.String(),
  message: Type.String(),
  line: Type.Optional(Type.Integer()),
});

/** RFC 9457. Every answer that is not a success has this shape, `application/problem+json`. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  request_id: Type.String(),
  remedy: Type.String({ description: 'What to do next' }),
  issues: Type.Optional(Type.Array(Issue)),
  swap_id: Type.Optional(Type.String()),
  operation_id: Type.Optional(Type.String({ description: 'The operation that does this already' })),
  lock: Type.Optional(
    Type.Object({ holder: Type.String(), reason: NullableString, expires_at: NullableTimestamp }, { description: 'Who is in the way' }),
  ),
  position: Type.Optional(Type.Integer({ minimum: 1, description: 'Place in the line for a lock' })),
  ticket: Type.Optional(Type.String({ description: 'Keeps the place for 30 s: send it with the next POST' })),
  retry_after_seconds: Type.Optional(Type.Number()),
});

export type WireIssue = Static<typeof Issue>;
export type WireProblem = Static<typeof Problem>;
