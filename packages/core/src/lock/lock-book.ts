import type { ClusterKey, SwapId } from '../ids.ts';
import { type EndedLeases, endedOf, remember } from './ended-leases.ts';
import type { Lease, LeaseEnd, LockFacts, LockState, LockView } from './lease.ts';
import type { WaitingLine } from './waiting-line.ts';

/** Both clocks, read once for one decision. */
export type Now = Readonly<{ wall: number; monotonic: number; timeBase: string }>;

/** All that is known about the lock of one cluster. At most one lease lives. */
export type LockBook = Readonly<{
  cluster: ClusterKey;
  /** Greatest fence ever given out here or seen on the hosts. */
  lastFence: number;
  live: Lease | null;
  ended: EndedLeases;
  line: WaitingLine;
  /** The store's copy of the live lease counts by the clock of an earlier boot: the next sweep puts ours in its place. */
  isStale: boolean;
}>;

/** A swap as the lock sees it. `lease`: fence of the lock it runs under, `null` for one that needs none. */
export type SwapClaim = Readonly<{
  id: SwapId;
  requestedBy: string;
  reason: string | null;
  lease: number | null;
  fence: number | null;
  /** Wall time of the request. */
  since: number;
  /** Place among all who wait, see {@link Waiter}. */
  arrival: number;
}>;

/** What is done with the GPU, and what waits to be. */
export type Work = Readonly<{ active: SwapClaim | null; queued: readonly SwapClaim[] }>;

/**
 * Takes up what the store has after a restart. A deadline of the same time base is exact. Otherwise the wall clock decides, and
 * since it may have been set meanwhile, the rest is clamped to one TTL: never longer than a fresh grant.
 */
export function restoreBook(cluster: ClusterKey, leases: readonly Lease[], lastFence: number, now: Now): LockBook {
  const alive = leases.filter(({ ended }) => ended === null).toSorted((a, b) => a.fence - b.fence);
  const stored = alive.at(-1) ?? null;
  const greatest = leases.reduce((most, { fence }) => Math.max(most, fence), lastFence);
  const live = stored === null ? null : withDeadline(stored, now);
  return {
    cluster,
    lastFence: greatest,
    live,
    ended: endedOf(leases),
    line: [],
    isStale: stored !== null && stored.deadline.timeBase !== now.timeBase,
  };
}

function withDeadline(lease: Lease, now: Now): Lease {
  const left = lease.deadline.timeBase === now.timeBase ? lease.deadline.monotonic - now.monotonic : lease.expiresAt - now.wall;
  const remaining = Math.min(Math.max(left, 0), lease.ttlMs);
  // `expiresAt` stays what the store has, so that the sweep sees whether that is still true.
  return { ...lease, deadline: { timeBase: now.timeBase, monotonic: now.monotonic + remaining } };
}

/** ms until the lease ends, 0 when its time is over. Compared at every use: a remembered "still alive" is how locks are lost. */
export const remainingMs = (lease: Lease, now: Now): number => Math.max(0, lease.deadline.monotonic - now.monotonic);

/** Difference of the wall clock beyond which the stored end is corrected: it would mislead the next start. */
const CLOCK_SHIFT_MS = 100;

/** The end as the wall clock has it now. */
export const wallEnd = (lease: Lease, now: Now): number => now.wall + lease.deadline.monotonic - now.monotonic;

/** The wall clock was set since the end was written down. */
export const isShifted = (lease: Lease, now: Now): boolean => Math.abs(wallEnd(lease, now) - lease.expiresAt) > CLOCK_SHIFT_MS;

export const isOver = (lease: Lease, now: Now): boolean => remainingMs(lease, now) === 0;

/** The lease that lives and whose time is not over. */
export const holding = (book: LockBook, now: Now): Lease | null => (book.live !== null && !isOver(book.live, now) ? book.live : null);

/** True while a swap that began under the live lease has not settled. */
export const hasRunningSwap = ({ live }: LockBook, work: Work): boolean => live !== null && work.active?.lease === live.fence;

/** `free` also when the line is not empty: then the lock is kept for whoever is first. */
export function stateOf(book: LockBook, work: Work, now: Now): LockState {
  if (holding(book, now) !== null) return 'held';
  if (hasRunningSwap(book, work)) return 'draining';
  return work.active === null ? 'free' : 'held';
}

export function factsOf(lease: Lease, now: Now): LockFacts {
  const { holder, reason, fence, acquiredAt } = lease;
  const left = remainingMs(lease, now);
  // By the remaining time once the wall clock was set; otherwise as it was said before, to the millisecond.
  const expiresAt = isShifted(lease, now) ? now.wall + left : lease.expiresAt;
  return { holder, reason, fence, implicit: false, acquiredAt, expiresAt, remainingMs: left };
}

/** The lease that nobody asked for: that of a swap which runs without a lock. */
export function implicitFacts(swap: SwapClaim, lastFence: number): LockFacts {
  const { requestedBy: holder, reason, since } = swap;
  return { holder, reason, fence: swap.fence ?? lastFence, implicit: true, acquiredAt: since, expiresAt: null, remainingMs: null };
}

/** What stands in the way of somebody new, `null` when nothing does. The place of who is first in line is shown like a lock. */
export function inTheWay(book: LockBook, work: Work, now: Now): LockFacts | null {
  const held = heldBy(book, work, now);
  if (held !== null) return held;
  const first = contenders(book, work)[0];
  if (first === undefined) return null;
  const keptMs = 'keptUntil' in first && first.keptUntil !== null ? Math.max(0, first.keptUntil - now.monotonic) : null;
  return {
    holder: 'holder' in first ? first.holder : first.requestedBy,
    reason: first.reason,
    fence: book.lastFence,
    implicit: true,
    acquiredAt: first.since,
    expiresAt: keptMs === null ? null : now.wall + keptMs,
    remainingMs: keptMs,
  };
}

function heldBy(book: LockBook, work: Work, now: Now): LockFacts | null {
  if (book.live !== null) return factsOf(book.live, now);
  return work.active === null ? null : implicitFacts(work.active, book.lastFence);
}

/** All who wait for the lock to be free, in the order in which they will have their turn. */
export const contenders = ({ line }: LockBook, { queued }: Work): readonly (WaitingLine[number] | SwapClaim)[] =>
  [...line, ...queued.filter(({ lease }) => lease === null)].toSorted((a, b) => a.arrival - b.arrival);

export function viewOf(book: LockBook, work: Work, now: Now): LockView {
  const state = stateOf(book, work, now);
  return {
    cluster: book.cluster,
    state,
    lock: state === 'free' ? null : heldBy(book, work, now), // one that is over stays in the book until it is swept
    lastFence: book.lastFence,
    queue: contenders(book, work).map((one) => ({ holder: 'holder' in one ? one.holder : one.requestedBy, since: one.since })),
  };
}

/** The book after its live lease has ended, and that lease. */
export function endLive(book: LockBook, live: Lease, how: Omit<LeaseEnd, 'at'>, now: Now): Readonly<{ book: LockBook; lease: Lease }> {
  const end: LeaseEnd = { ...how, at: now.wall };
  return { book: { ...book, live: null, ended: remember(book.ended, live.lockDigest, end) }, lease: { ...live, ended: end } };
}
