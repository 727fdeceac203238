import type { Lease, LockFacts, LockView, SparkCore } from '@spark-control/core';
import type { WireLease, WireLock, WireLockFacts } from '@spark-control/schema';
import { nullableTimestamp, secondsOf, timestamp } from '../wire-time.ts';

/** What everybody may see of a cluster's lock. No lock id is in it, and none can be: only a grant has one. */
export function lockView({ cluster, state, lock, lastFence, queue }: LockView): WireLock {
  return {
    cluster,
    held: state !== 'free',
    state,
    lock: lock === null ? null : lockFactsView(lock),
    last_fence: lastFence,
    queue: queue.map(({ holder, since }) => ({ holder, since: timestamp(since) })),
  };
}

/** The lock of an event; empty when its cluster is no longer configured, as an old event may have it. */
export function lockViewOf({ clusters }: SparkCore, view: LockView): readonly WireLock[] {
  return clusters.some(({ key }) => key === view.cluster) ? [lockView(view)] : [];
}

export function lockFactsView({ holder, reason, fence, implicit, acquiredAt, expiresAt, remainingMs }: LockFacts): WireLockFacts {
  return {
    holder,
    reason,
    fence,
    implicit,
    acquired_at: timestamp(acquiredAt),
    expires_at: nullableTimestamp(expiresAt),
    remaining_seconds: remainingMs === null ? null : secondsOf(remainingMs),
  };
}

export function leaseView({ holder, reason, cluster, fence, acquiredAt, expiresAt, ttlMs }: Lease): WireLease {
  return {
    holder,
    reason,
    cluster,
    fence,
    acquired_at: timestamp(acquiredAt),
    expires_at: timestamp(expiresAt),
    ttl_seconds: Math.round(ttlMs / 1_000),
  };
}
