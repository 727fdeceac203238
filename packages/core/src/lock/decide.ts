import type { SwapId, Ticket } from '../ids.ts';
import { endOf } from './ended-leases.ts';
import type { Lease, LockFacts } from './lease.ts';
import {
  contenders,
  endLive,
  hasRunningSwap,
  holding,
  inTheWay,
  isOver,
  isShifted,
  type LockBook,
  type Now,
  remainingMs,
  type Work,
  wallEnd,
} from './lock-book.ts';
import { findKept, findWaiter, KEPT_MS, MAX_WAITERS, putWaiter, removeWaiter, type Waiter, withoutGone } from './waiting-line.ts';

/** What is asked of the lock. Ids are minted outside; the book only ever sees the digest of a lock id. */
export type LockRequest = Readonly<
  | {
      type: 'acquire';
      holder: string;
      reason: string | null;
      ttlMs: number;
      lockDigest: string;
      /** Names its own place in line, or that of an earlier wait. */
      ticket: Ticket | null;
      /** `null`: does not want to wait. */
      place: Readonly<{ ticket: Ticket; arrival: number }> | null;
    }
  | { type: 'renew'; lockDigest: string; ttlMs: number | null }
  | { type: 'release'; lockDigest: string }
  | { type: 'break'; by: string; reason: string }
  /** A waiter wants its place no more. */
  | { type: 'leave'; ticket: Ticket }
  /** The request of a waiter is over: its place is kept for a while. */
  | { type: 'detach'; ticket: Ticket }
  /** Time passes. */
  | { type: 'sweep' }
  /** Gives the lock to who is first in line, if it is free. `lockDigest` is that of a fresh id. */
  | { type: 'serve'; lockDigest: string }
>;

export type LockOutcome = Readonly<
  | { kind: 'granted'; lease: Lease; ticket: Ticket | null }
  | { kind: 'waiting'; ticket: Ticket; position: number; inTheWay: LockFacts }
  | { kind: 'held'; inTheWay: LockFacts }
  | { kind: 'line_full' }
  | { kind: 'renewed'; lease: Lease }
  | { kind: 'released'; lease: Lease }
  | { kind: 'broken'; lease: Lease }
  | { kind: 'not_held' }
  | { kind: 'not_found'; at: number }
  | { kind: 'expired'; at: number }
  | { kind: 'fenced_off'; detail: string }
  | { kind: 'swap_running'; swapId: SwapId }
  | { kind: 'nothing' }
>;

/** `stored`: the lease that has to be durable before the outcome is told. */
export type LockDecision = Readonly<{ book: LockBook; outcome: LockOutcome; stored: Lease | null }>;

/**
 * Decides one request. Pure and total. What it promises: one lease lives at a time; fences only rise; nothing is granted while a
 * swap runs or somebody else is first in line; nobody loses a lock before its time by the monotonic clock.
 */
export function decide(book: LockBook, request: LockRequest, work: Work, now: Now): LockDecision {
  const current = { ...book, line: withoutGone(book.line, now.monotonic) };
  switch (request.type) {
    case 'acquire':
      return acquire(current, request, work, now);
    case 'renew':
      return renew(current, request.lockDigest, request.ttlMs, now);
    case 'release':
      return release(current, request.lockDigest, work, now);
    case 'break':
      return breakLock(current, request.by, request.reason, now);
    case 'leave':
      return { book: { ...current, line: removeWaiter(current.line, request.ticket) }, outcome: { kind: 'nothing' }, stored: null };
    case 'detach':
      return { book: detach(current, request.ticket, now), outcome: { kind: 'nothing' }, stored: null };
    case 'sweep':
      return sweep(current, work, now);
    case 'serve':
      return serve(current, request.lockDigest, work, now);
    default:
      return request satisfies never;
  }
}

const BY_ITSELF = { by: null, note: null } as const;

type Acquire = Extract<LockRequest, { type: 'acquire' }>;

function acquire(book: LockBook, request: Acquire, work: Work, now: Now): LockDecision {
  const known = findWaiter(book.line, request.ticket);
  // A ticket is no good in other hands; who comes with a wrong one is a newcomer.
  const own = known?.holder === request.holder ? known : null;
  // Who waits again and again without its ticket would stand behind its own kept places, and never have its turn.
  const waiter = own ?? (request.place === null ? null : findKept(book.line, request.holder));
  if (canTake(book, waiter, work, now)) {
    const line = waiter === null ? book.line : removeWaiter(book.line, waiter.ticket);
    return grant({ ...book, line }, request, waiter?.ticket ?? null, now);
  }
  const blocking = inTheWay(book, work, now);
  if (blocking === null) throw new RangeError('a lock that nothing stands in the way of was not granted');
  if (request.place === null && waiter === null) return { book, outcome: { kind: 'held', inTheWay: blocking }, stored: null };
  if (waiter === null && book.line.length >= MAX_WAITERS) return { book, outcome: { kind: 'line_full' }, stored: null };
  return wait(book, request, waiter, blocking, work, now);
}

function wait(book: LockBook, request: Acquire, known: Waiter | null, blocking: LockFacts, work: Work, now: Now): LockDecision {
  const { holder, reason, ttlMs, place } = request;
  const base = known ?? (place === null ? null : { ...place, since: now.wall });
  if (base === null) return { book, outcome: { kind: 'held', inTheWay: blocking }, stored: null };
  const { ticket, arrival, since } = base;
  // Without a place it asks only whether it is its turn yet: that keeps the place for another while.
  const keptUntil = place === null ? now.monotonic + KEPT_MS : null;
  const next = { ...book, line: putWaiter(book.line, { ticket, arrival, since, holder, reason, ttlMs, keptUntil }) };
  const position = contenders(next, work).findIndex((one) => 'ticket' in one && one.ticket === ticket) + 1;
  return { book: next, outcome: { kind: 'waiting', ticket, position, inTheWay: blocking }, stored: null };
}

/** True when the lock is free, and nobody is in line before this one. */
function canTake(book: LockBook, waiter: Waiter | null, work: Work, now: Now): boolean {
  if (holding(book, now) !== null || book.live !== null || work.active !== null) return false;
  const [first] = contenders(book, work);
  return first === undefined || first === waiter;
}

type Wish = Readonly<{ holder: string; reason: string | null; ttlMs: number; lockDigest: string }>;

function grant(book: LockBook, { holder, reason, ttlMs, lockDigest }: Wish, ticket: Ticket | null, now: Now): LockDecision {
  const lease: Lease = {
    cluster: book.cluster,
    fence: book.lastFence + 1,
    lockDigest,
    holder,
    reason,
    acquiredAt: now.wall,
    ttlMs,
    expiresAt: now.wall + ttlMs,
    deadline: { timeBase: now.timeBase, monotonic: now.monotonic + ttlMs },
    ended: null,
  };
  return { book: { ...book, live: lease, lastFence: lease.fence }, outcome: { kind: 'granted', lease, ticket }, stored: lease };
}

function renew(book: LockBook, lockDigest: string, wanted: number | null, now: Now): LockDecision {
  const { live } = book;
  if (live?.lockDigest !== lockDigest) return refuse(book, lateWord(book, lockDigest));
  if (isOver(live, now)) return refuse(book, { kind: 'expired', at: wallEnd(live, now) });
  const left = remainingMs(live, now);
  const span = Math.max(left, wanted ?? live.ttlMs);
  const lease: Lease = {
    ...live,
    // Never below what is left: after a restart the rest is clamped to it.
    ttlMs: span,
    expiresAt: now.wall + span,
    deadline: { timeBase: now.timeBase, monotonic: now.monotonic + span },
  };
  return { book: { ...book, live: lease }, outcome: { kind: 'renewed', lease }, stored: lease };
}

function release(book: LockBook, lockDigest: string, work: Work, now: Now): LockDecision {
  const { live } = book;
  if (live?.lockDigest !== lockDigest) {
    const word = lateWord(book, lockDigest);
    const end = endOf(book.ended, lockDigest);
    return refuse(book, end?.how === 'released' ? { kind: 'not_found', at: end.at } : word);
  }
  if (isOver(live, now)) return refuse(book, { kind: 'expired', at: wallEnd(live, now) });
  const own = [work.active, ...work.queued].find((swap) => swap?.lease === live.fence);
  if (own != null) return refuse(book, { kind: 'swap_running', swapId: own.id });
  const { book: next, lease } = endLive(book, live, { how: 'released', ...BY_ITSELF }, now);
  return { book: next, outcome: { kind: 'released', lease }, stored: lease };
}

const refuse = (book: LockBook, outcome: LockOutcome): LockDecision => ({ book, outcome, stored: null });

/** What somebody is told whose id is not that of the live lock. */
export function lateWord(book: LockBook, lockDigest: string): Extract<LockOutcome, { kind: 'expired' | 'fenced_off' }> {
  const ending = endOf(book.ended, lockDigest);
  if (ending === null) return { kind: 'fenced_off', detail: 'This is not the id of the lock that is held.' };
  switch (ending.how) {
    case 'expired':
      return { kind: 'expired', at: ending.at };
    case 'broken':
      return {
        kind: 'fenced_off',
        detail: `This lock was broken by ${ending.by ?? 'force'}${ending.note === null ? '' : `: ${ending.note}`}.`,
      };
    case 'released':
      return { kind: 'fenced_off', detail: 'This lock was released.' };
    default:
      return ending.how satisfies never;
  }
}

/** The swap of a broken lock goes on, as an unlocked one: nothing is stopped half-way. The fence rises, so that the old holder is behind. */
function breakLock(book: LockBook, by: string, reason: string, now: Now): LockDecision {
  if (book.live === null) return refuse(book, { kind: 'not_held' });
  const { book: next, lease } = endLive(book, book.live, { how: 'broken', by, note: reason }, now);
  return { book: { ...next, lastFence: book.lastFence + 1 }, outcome: { kind: 'broken', lease }, stored: lease };
}

function detach(book: LockBook, ticket: Ticket, now: Now): LockBook {
  const waiter = findWaiter(book.line, ticket);
  if (waiter === null) return book;
  return { ...book, line: putWaiter(book.line, { ...waiter, keptUntil: now.monotonic + KEPT_MS }) };
}

function sweep(book: LockBook, work: Work, now: Now): LockDecision {
  const { live } = book;
  if (live === null) return refuse(book, { kind: 'nothing' });
  if (isOver(live, now) && !hasRunningSwap(book, work)) {
    const { book: next, lease } = endLive(book, live, { how: 'expired', ...BY_ITSELF }, now);
    return { book: next, outcome: { kind: 'expired', at: now.wall }, stored: lease };
  }
  if (!book.isStale && !isShifted(live, now)) return refuse(book, { kind: 'nothing' });
  const lease: Lease = { ...live, expiresAt: wallEnd(live, now) };
  return { book: { ...book, live: lease, isStale: false }, outcome: { kind: 'nothing' }, stored: lease };
}

function serve(book: LockBook, lockDigest: string, work: Work, now: Now): LockDecision {
  const [first] = contenders(book, work);
  if (first === undefined || !('ticket' in first) || first.keptUntil !== null) return refuse(book, { kind: 'nothing' });
  if (!canTake(book, first, work, now)) return refuse(book, { kind: 'nothing' });
  return grant({ ...book, line: removeWaiter(book.line, first.ticket) }, { ...first, lockDigest }, first.ticket, now);
}
