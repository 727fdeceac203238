import type { DeliveryId } from '../ids.ts';
import type { Delivery } from './delivery.ts';
import { HEAD_BLOCKS_MS, longestWaitMs } from './retry-policy.ts';

/** So many failures in a row without a success, and the endpoint is taken to be down. */
export const BREAKER_FAILURES = 10;
/** Between two tries of an endpoint that is down, whatever is due: a thousand deliveries must not become a storm. */
export const BREAKER_SPACING_MS = 30_000;

/** Both clocks at one moment: wall time in ms since the epoch, and ms that never jump. */
export type Reading = Readonly<{ now: number; monotonic: number }>;

/**
 * A moment to come, on both clocks; it is there when either has reached it. So a wall clock that is set forward makes it come, and
 * one that is set back does not put it off.
 */
type Moment = Readonly<{ wall: number; monotonic: number }>;

/** What the line of an endpoint has to know of a pending delivery. */
export type Waiting = Readonly<{
  id: DeliveryId;
  sequence: number;
  due: Moment;
  /** From then on it does not hold up those behind it; `null` while it has not failed. */
  yields: Moment | null;
}>;

export function waitingOf(delivery: Delivery, reading: Reading): Waiting {
  const { failingSince, nextAttemptAt } = delivery;
  return {
    id: delivery.id,
    sequence: delivery.notice.sequence,
    due: momentOf(nextAttemptAt ?? delivery.createdAt, longestWaitMs(delivery), reading),
    yields: failingSince === null ? null : momentOf(failingSince + HEAD_BLOCKS_MS, HEAD_BLOCKS_MS, reading),
  };
}

/** `ms` from now at most to wait; `null`: until there is something new. */
export type NextInLine = Readonly<{ kind: 'send'; id: DeliveryId } | { kind: 'wait'; ms: number | null }>;

/**
 * Which delivery of one endpoint may be sent now. `line` is in the order of `sequence`. Strictly the head, until it has failed for
 * an hour; then whichever is due first in the order, the head by its own schedule as before.
 */
export function nextInLine(line: readonly Waiting[], breaker: Breaker, reading: Reading): NextInLine {
  const [head] = line;
  if (head === undefined) return { kind: 'wait', ms: null };
  const pause = breaker.notBefore - reading.monotonic;
  if (pause > 0) return { kind: 'wait', ms: pause };
  if (msUntil(head.due, reading) <= 0) return { kind: 'send', id: head.id };
  const yieldsIn = head.yields === null ? Number.POSITIVE_INFINITY : msUntil(head.yields, reading);
  if (yieldsIn > 0) return { kind: 'wait', ms: Math.min(msUntil(head.due, reading), yieldsIn) };
  let soonest = Number.POSITIVE_INFINITY;
  for (const { id, due } of line) {
    const ms = msUntil(due, reading);
    if (ms <= 0) return { kind: 'send', id };
    soonest = Math.min(soonest, ms);
  }
  return { kind: 'wait', ms: soonest };
}

/** How an endpoint fares. Only of this process: a restart may as well look again. `notBefore` is monotonic. */
export type Breaker = Readonly<{ failures: number; notBefore: number }>;

export const CLOSED_BREAKER: Breaker = { failures: 0, notBefore: Number.NEGATIVE_INFINITY };

export function afterTry(breaker: Breaker, hasSucceeded: boolean, { monotonic }: Reading): Breaker {
  if (hasSucceeded) return CLOSED_BREAKER;
  const failures = breaker.failures + 1;
  return { failures, notBefore: failures >= BREAKER_FAILURES ? monotonic + BREAKER_SPACING_MS : breaker.notBefore };
}

/** `wall`, but never further away than `longestMs`: a wall clock that is years behind must not mean a wait of years. */
function momentOf(wall: number, longestMs: number, { now, monotonic }: Reading): Moment {
  return { wall, monotonic: monotonic + Math.min(Math.max(wall - now, 0), longestMs) };
}

const msUntil = (moment: Moment, { now, monotonic }: Reading): number => Math.min(moment.wall - now, moment.monotonic - monotonic);
