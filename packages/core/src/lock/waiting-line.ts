import type { Ticket } from '../ids.ts';

/** Time for which a place is kept for somebody whose request is over: to ask again, or to come back after a lost connection. */
export const KEPT_MS = 30_000;
/** More than any house has; without a limit a loop that asks under ever new names fills the memory. */
export const MAX_WAITERS = 1_000;

/** Somebody who waits for the lock. The line lives in memory: after a restart everybody asks again. */
export type Waiter = Readonly<{
  ticket: Ticket;
  holder: string;
  reason: string | null;
  ttlMs: number;
  /** Wall time since which it waits, to be shown. */
  since: number;
  /** Place among all who wait, queued swaps included: smaller is earlier. */
  arrival: number;
  /** Monotonic time up to which the place is kept while no request is open; `null` while one is. */
  keptUntil: number | null;
}>;

/** Those who wait, first in line first. */
export type WaitingLine = readonly Waiter[];

export const findWaiter = (line: WaitingLine, ticket: Ticket | null): Waiter | null =>
  ticket === null ? null : (line.find((waiter) => waiter.ticket === ticket) ?? null);

/** The first place that is kept for somebody of this name who is away. */
export const findKept = (line: WaitingLine, holder: string): Waiter | null =>
  line.find((waiter) => waiter.holder === holder && waiter.keptUntil !== null) ?? null;

/** Puts a new one at the end, or gives the one with this ticket its new state and leaves it where it is. */
export function putWaiter(line: WaitingLine, waiter: Waiter): WaitingLine {
  const isKnown = line.some(({ ticket }) => ticket === waiter.ticket);
  return isKnown ? line.map((other) => (other.ticket === waiter.ticket ? waiter : other)) : [...line, waiter];
}

export const removeWaiter = (line: WaitingLine, ticket: Ticket): WaitingLine => line.filter((waiter) => waiter.ticket !== ticket);

/** The line without those who did not come back in time. */
export const withoutGone = (line: WaitingLine, monotonic: number): WaitingLine =>
  line.filter(({ keptUntil }) => keptUntil === null || keptUntil > monotonic);
