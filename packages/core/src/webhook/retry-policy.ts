import type { Delivery, DeliveryAttempt } from './delivery.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The wait before each try, the first included: ten tries in a little over three days (Standard Webhooks 1.0.0). */
export const RETRY_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** Waits differ by up to a tenth either way, so that receivers that came back are not met by everybody at once. */
const JITTER = 0.1;

/** A receiver cannot put a delivery off for longer than this at a time. */
export const RETRY_AFTER_LIMIT_MS = 24 * HOUR_MS;

/** How long a head that fails holds up those behind it. */
export const HEAD_BLOCKS_MS = HOUR_MS;

const GONE = 410;

/** What a try led to. `gone`: the receiver wants no more of anything. */
export type Verdict = 'delivered' | 'retry' | 'dead' | 'gone';

export type AfterAttempt = Readonly<{ delivery: Delivery; verdict: Verdict }>;

/** `now` is the wall time at the end of the try, ms since the epoch; `jitter` is 0..1, evenly spread. */
export type AttemptContext = Readonly<{ now: number; jitter: number }>;

/** The delivery as it is after a try. Pure. Only 2xx is a success: a redirect is none, since it is not followed. */
export function afterAttempt(delivery: Delivery, attempt: DeliveryAttempt, { now, jitter }: AttemptContext): AfterAttempt {
  const attempts = delivery.attempts + 1;
  const tried: Delivery = { ...delivery, attempts, last: attempt };
  if (attempt.status !== null && attempt.status >= 200 && attempt.status < 300) {
    return { verdict: 'delivered', delivery: settled(tried, 'delivered', now) };
  }
  const failed: Delivery = { ...tried, failingSince: delivery.failingSince ?? attempt.at };
  if (attempt.status === GONE) return { verdict: 'gone', delivery: settled(failed, 'dead', now) };
  const delay = retryDelayMs(attempts, jitter, attempt.retryAfterMs);
  // A test that fails has told what it was sent to find out: nobody waits for its second try.
  if (delay === null || delivery.notice.type === 'test') return { verdict: 'dead', delivery: settled(failed, 'dead', now) };
  return { verdict: 'retry', delivery: { ...failed, nextAttemptAt: now + delay } };
}

/**
 * ms to wait after `attempts` failed tries; `null` when there is no try left. What the receiver asks for by `Retry-After` makes the
 * wait longer, never shorter: one that says "now" to everybody shall not see ten tries in a row.
 */
export function retryDelayMs(attempts: number, jitter: number, retryAfterMs: number | null): number | null {
  const delay = RETRY_DELAYS_MS[attempts];
  if (delay === undefined) return null;
  return Math.max(Math.round(delay * (1 - JITTER + 2 * JITTER * jitter)), askedMs(retryAfterMs));
}

/** The longest wait that the state of a pending delivery can have been given: what a wall clock set back may not exceed. */
export function longestWaitMs({ attempts, last }: Pick<Delivery, 'attempts' | 'last'>): number {
  if (attempts === 0) return 0;
  return Math.max(Math.round((RETRY_DELAYS_MS[attempts] ?? 0) * (1 + JITTER)), askedMs(last?.retryAfterMs ?? null));
}

/**
 * The delivery when it is to be sent by hand. A settled one gets its tries again. It does not hold up those behind it: its
 * turn in the line is long over.
 */
export function requeued(delivery: Delivery, now: number): Delivery {
  if (delivery.state === 'pending') return { ...delivery, nextAttemptAt: now };
  const failingSince = Math.min(delivery.failingSince ?? delivery.createdAt, now - HEAD_BLOCKS_MS);
  return { ...delivery, state: 'pending', attempts: 0, nextAttemptAt: now, failingSince, settledAt: null };
}

const settled = (delivery: Delivery, state: 'delivered' | 'dead', now: number): Delivery => ({
  ...delivery,
  state,
  nextAttemptAt: null,
  settledAt: now,
});

const askedMs = (retryAfterMs: number | null): number => Math.min(Math.max(retryAfterMs ?? 0, 0), RETRY_AFTER_LIMIT_MS);
