import type { ClusterKey } from '../ids.ts';

/** `released` by its holder, `expired` after its TTL, `broken` by force. */
export type LeaseEnding = 'released' | 'expired' | 'broken';

/** `by` and `note`: who broke it, and the reason given; `null` for the other endings. */
export type LeaseEnd = Readonly<{ how: LeaseEnding; at: number; by: string | null; note: string | null }>;

/**
 * A lock on one cluster, as it is stored. The cluster and the fence together name it: no two grants have the same. The id
 * that proves it is known by its digest only. Wall times in ms since the epoch.
 */
export type Lease = Readonly<{
  cluster: ClusterKey;
  /** Larger than that of every grant before it. */
  fence: number;
  lockDigest: string;
  holder: string;
  reason: string | null;
  acquiredAt: number;
  ttlMs: number;
  /** Wall time of the end, as of the last grant, renewal or correction of the wall clock. */
  expiresAt: number;
  /** The end on the monotonic clock, which decides. `timeBase` says whose readings these are. */
  deadline: Readonly<{ timeBase: string; monotonic: number }>;
  /** Set once; an ended lease never lives again. */
  ended: LeaseEnd | null;
}>;

/** What everybody may know of a lock. `implicit`: nobody asked for it; it stands for a swap that runs without one. */
export type LockFacts = Readonly<{
  holder: string;
  reason: string | null;
  fence: number;
  implicit: boolean;
  acquiredAt: number;
  /** `null` when implicit: it ends with its swap. */
  expiresAt: number | null;
  /** ms; 0 while draining; `null` when implicit. */
  remainingMs: number | null;
}>;

export type LockState = 'free' | 'held' | 'draining';

/**
 * The lock of one cluster. `draining`: its time is over, but its swap still runs. `queue`: who waits, locks and queued
 * swaps alike, in the order in which they will have their turn; `since` in ms since the epoch.
 */
export type LockView = Readonly<{
  cluster: ClusterKey;
  state: LockState;
  lock: LockFacts | null;
  lastFence: number;
  queue: readonly Readonly<{ holder: string; since: number }>[];
}>;
