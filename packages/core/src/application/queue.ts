import { SparkError } from '../errors.ts';
import type { SwapId } from '../ids.ts';
import type { SwapClaim, Work } from '../lock/lock-book.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cause, Swap } from '../swap/swap.ts';
import type { Arrivals } from './arrivals.ts';

/** Far more than people and jobs ask for; without a limit a loop that asks under ever new names fills the memory. */
const MAX_WAITING = 100;

/** The unsettled swaps of one cluster: at most one acts, the others wait in order. Kept by the arbiter, which alone changes it. */
export class SwapQueue {
  #active: Swap | null = null;
  #waiting: Swap[] = [];
  /** Monotonic times up to which they wait: the wall clock may be set meanwhile. */
  readonly #waitsUntil = new Map<SwapId, number>();
  /** Their places among all who wait, those for the lock included. */
  readonly #arrived = new Map<SwapId, number>();
  readonly #clock: Clock;
  readonly #arrivals: Arrivals;

  constructor(clock: Clock, arrivals: Arrivals) {
    this.#clock = clock;
    this.#arrivals = arrivals;
  }

  get active(): Swap | null {
    return this.#active;
  }

  get waiting(): readonly Swap[] {
    return this.#waiting;
  }

  /** What the lock has to know of the swaps. */
  get work(): Work {
    const claimOf = ({ id, requestedBy, reason, lease, fence, createdAt: since }: Swap): SwapClaim => {
      return { id, requestedBy, reason, lease, fence, since, arrival: this.#arrived.get(id) ?? 0 };
    };
    return { active: this.#active === null ? null : claimOf(this.#active), queued: this.#waiting.map(claimOf) };
  }

  get isBusy(): boolean {
    return this.#active !== null || this.#waiting.length > 0;
  }

  find(id: SwapId): Swap | null {
    if (this.#active?.id === id) return this.#active;
    return this.#waiting.find((swap) => swap.id === id) ?? null;
  }

  /** Takes in the new state of a swap: a settled one leaves, one that acts becomes the active one. */
  put(swap: Swap): void {
    if (this.#active?.id === swap.id) this.#active = null;
    const at = this.#waiting.findIndex((other) => other.id === swap.id);
    if (swap.settledAt !== null) this.#leave(swap, at);
    else if (swap.phase !== 'queued') {
      this.#leave(swap, at);
      this.#active = swap;
    } else if (at >= 0) this.#waiting[at] = swap;
    else this.#enter(swap);
  }

  /** Rejects QUEUE_FULL when nobody more may wait. */
  assertRoom(): void {
    if (this.#waiting.length >= MAX_WAITING) throw new SparkError('QUEUE_FULL', `${MAX_WAITING} swaps wait already, which is the limit.`);
  }

  /** Swaps that waited longer than they wanted to. */
  expired(): readonly Swap[] {
    const now = this.#clock.monotonic();
    return this.#waiting.filter((swap) => now >= (this.#waitsUntil.get(swap.id) ?? now));
  }

  /** The waiting swap that a newer one of the same requester replaces. */
  superseded(requestedBy: string): Swap | null {
    return this.#waiting.find((swap) => swap.requestedBy === requestedBy) ?? null;
  }

  /** After a restart what is left of its wait counts, and that is never more than all of it. */
  #enter(swap: Swap): void {
    const waitMs = swap.options.queueSeconds * 1_000;
    const waitedMs = Math.max(0, this.#clock.now() - swap.createdAt);
    this.#waitsUntil.set(swap.id, this.#clock.monotonic() + Math.max(0, waitMs - waitedMs));
    this.#arrived.set(swap.id, this.#arrivals.next());
    this.#waiting.push(swap);
  }

  #leave(swap: Swap, at: number): void {
    this.#waitsUntil.delete(swap.id);
    this.#arrived.delete(swap.id);
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}

export const queueTimeout = (swap: Swap): Cause => ({
  code: 'QUEUE_TIMEOUT',
  message: `It waited ${swap.options.queueSeconds} s for its turn.`,
  hint: 'Ask again with a longer queue_seconds.',
  logTail: [],
});

export const supersededBy = (newer: SwapId): Cause => ({
  code: 'SUPERSEDED',
  message: `The same requester asked for something newer (${newer}).`,
  hint: null,
  logTail: [],
});

/** The lock under which a queued swap was to run has ended before its turn came. */
export const lockGone = (swap: Swap): Cause => ({
  code: 'LOCK_EXPIRED',
  message: `The lock of ${swap.requestedBy} ended before its turn came.`,
  hint: 'Acquire the lock again and ask anew.',
  logTail: [],
});
