import type { AppState, OwnLock } from './state.ts';
import type { Lock } from './wire.ts';

type Facts = NonNullable<Lock['lock']>;

export const onLock = (state: AppState, lock: Lock, at: number): Partial<AppState> => ({
  locks: { ...state.locks, [lock.cluster]: { lock, at } },
});

/** Seconds that are left of a cluster's lock, by the server's reckoning and the clock that nobody sets; `null` without an end. */
export function secondsLeft({ locks, monotonic }: AppState, cluster: string): number | null {
  const seen = locks[cluster];
  const left = seen?.lock.lock?.remaining_seconds ?? null;
  // The page's clock is read once a second, so it may lag behind the moment at which the lock was heard of.
  return seen === undefined || left === null ? null : Math.max(0, left - Math.max(0, monotonic - seen.at) / 1000);
}

/**
 * True when the server knows of that grant and it is not the live lock any more. An older word of the server, from before
 * the grant, proves nothing.
 */
export const isOver = (own: OwnLock, { lock, last_fence }: Lock): boolean => last_fence >= own.fence && lock?.fence !== own.fence;

/** The lock that this tab holds. */
export function ownLock({ ownLocks, locks }: AppState, cluster: string): OwnLock | null {
  const own = ownLocks[cluster];
  const seen = locks[cluster];
  return own === undefined || (seen !== undefined && isOver(own, seen.lock)) ? null : own;
}

/** A lock that somebody else acquired. One that stands for a running swap is not meant: that is what queues are for. */
export function foreignLock(state: AppState, cluster: string): Facts | null {
  const facts = state.locks[cluster]?.lock.lock ?? null;
  return facts === null || facts.implicit || ownLock(state, cluster)?.fence === facts.fence ? null : facts;
}

/** The record without one of its keys. */
export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}
