import Type, { type Static } from 'typebox';
import {
  CLOSED,
  Key,
  listOf,
  NullableInteger,
  NullableNumber,
  NullableString,
  NullableText,
  NullableTimestamp,
  Timestamp,
} from './common.ts';

/** What everybody may know of a lock. */
export const LockFacts = Type.Object({
  holder: Type.String(),
  reason: NullableString,
  fence: Type.Integer({ minimum: 0 }),
  implicit: Type.Boolean({ description: 'Stands for a swap that runs without a lock; it ends with the swap' }),
  acquired_at: Timestamp,
  expires_at: NullableTimestamp,
  remaining_seconds: NullableNumber,
});

/** `GET /api/swap/lock`, the `lock` event, and each entry of `locks` in the status. */
export const Lock = Type.Object({
  cluster: Type.String(),
  held: Type.Boolean(),
  state: Type.Enum(['free', 'held', 'draining']),
  lock: Type.Union([LockFacts, Type.Null()]),
  last_fence: Type.Integer({ minimum: 0 }),
  queue: Type.Array(Type.Object({ holder: Type.String(), since: Timestamp }), { description: 'Who waits, first in line first' }),
});

/** Body of `POST /api/swap/lock`. */
export const AcquireBody = Type.Object(
  {
    holder: Type.String({ minLength: 1, maxLength: 200, pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$' }),
    ttl_seconds: Type.Integer({ minimum: 5, maximum: 86_400 }),
    reason: Type.Optional(NullableText(500)),
    cluster: Type.Optional(Key),
    wait_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: 0 })),
    // Opaque like a lock id: one that is not known any more is no place in line.
    ticket: Type.Optional(NullableString),
  },
  CLOSED,
);

/** The only answer that has the lock id. */
export const Grant = Type.Object({
  lock_id: Type.String(),
  holder: Type.String(),
  reason: NullableString,
  cluster: Type.String(),
  fence: Type.Integer({ minimum: 1 }),
  acquired_at: Timestamp,
  expires_at: Timestamp,
  ttl_seconds: Type.Integer(),
  renew_after_seconds: Type.Number(),
});

/** Body of `PUT /api/swap/lock`. The lock id may come as `X-Swap-Lock`. */
export const RenewBody = Type.Object(
  { lock_id: Type.Optional(NullableString), ttl_seconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 86_400 })) },
  CLOSED,
);

/** A lease as its holder or its breaker sees it: all but the lock id. */
export const Lease = Type.Object({
  holder: Type.String(),
  reason: NullableString,
  cluster: Type.String(),
  fence: Type.Integer({ minimum: 1 }),
  acquired_at: Timestamp,
  expires_at: Timestamp,
  ttl_seconds: Type.Integer(),
});
export const Renewal = Type.Object({ ...Lease.properties, renew_after_seconds: Type.Number() });

export const LockQuery = Type.Object({ cluster: Type.Optional(Key) }, CLOSED);
/** Body of `DELETE /api/swap/lock`, which may also be empty. With a `ticket` in place of a lock id it gives up a place in line. */
export const ReleaseBody = Type.Object({ lock_id: Type.Optional(NullableString), ticket: Type.Optional(NullableString) }, CLOSED);
export const ReleaseQuery = Type.Object(
  {
    cluster: Type.Optional(Key),
    force: Type.Optional(Type.Enum(['true', 'false'])),
    // Not eight blanks either: whoever lost the lock reads it.
    reason: Type.Optional(Type.String({ minLength: 8, maxLength: 500, pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$' })),
  },
  CLOSED,
);

export const AuditEntry = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  actor: Type.Object({ name: Type.String(), address: NullableString, request_id: NullableString }),
  action: Type.String(),
  cluster: NullableString,
  target: Type.String(),
  fence: NullableInteger,
  note: NullableString,
  hash: Type.String(),
});
export const AuditList = listOf(AuditEntry);
export const AuditQuery = Type.Object(
  {
    cluster: Type.Optional(Key),
    action: Type.Optional(Type.String({ pattern: '^[a-z_]{1,64}$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
  },
  CLOSED,
);

export type WireLockFacts = Static<typeof LockFacts>;
export type WireLock = Static<typeof Lock>;
export type WireAcquireRequest = Static<typeof AcquireBody>;
export type WireGrant = Static<typeof Grant>;
export type WireRenewal = Static<typeof Renewal>;
export type WireLease = Static<typeof Lease>;
export type WireAuditEntry = Static<typeof AuditEntry>;
export type WireAuditList = Static<typeof AuditList>;
