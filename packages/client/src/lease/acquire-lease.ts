import type { WireAcquireRequest, WireGrant, WireProblem } from '@spark-control/schema';
import type { SparkClient } from '../client.ts';
import { hasCode, isPassing } from '../errors.ts';

export type LeaseRequest = Readonly<{
  holder: string;
  ttlSeconds: number;
  reason?: string | null | undefined;
  cluster?: string | null | undefined;
  /** How long to wait for a turn, beyond the 60 s of one call too; 0 does not wait. */
  waitMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Somebody is in the way: who, and our place in line. Called after each refusal that is waited out. */
  onHeld?: ((problem: WireProblem | null) => void) | undefined;
  /** The server is in trouble and will be asked again. */
  onTrouble?: ((error: Error) => void) | undefined;
}>;

/** `at`: when the answer came, by the client's clock. `isFresh`: false when it may be the answer to an earlier, lost try. */
export type Acquired = Readonly<{ grant: WireGrant; at: number; isFresh: boolean }>;

const LONGEST_WAIT_SECONDS = 60;
const TRIES_WITHOUT_WAIT = 3;
/** The least time between two refusals. */
const PAUSE_MS = 1_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** For asking after a try that was broken off: it may have been granted all the same. */
const LAST_QUESTION_MS = 3_000;

/**
 * Acquires a lock, in line for as long as asked: each call waits up to 60 s and hands on the ticket that keeps the place. A
 * try whose answer was lost is repeated under its own Idempotency-Key, so that a grant nobody heard of is found again
 * instead of standing in its own way.
 *
 * @throws LOCK_HELD when the wait is over, or whatever else the server says; the reason of `signal`, after which nothing is held.
 */
export async function acquireLease(client: SparkClient, request: LeaseRequest): Promise<Acquired> {
  const { clock } = client;
  const { signal, waitMs = 0 } = request;
  const giveUpAt = clock.monotonic() + waitMs;
  let ticket: string | null = null;
  try {
    for (;;) {
      const leftMs = giveUpAt - clock.monotonic();
      const body = bodyOf(request, Math.min(LONGEST_WAIT_SECONDS, Math.max(0, Math.ceil(leftMs / 1_000))), ticket);
      const askedAt = clock.monotonic();
      try {
        return await ask(client, body, giveUpAt, request);
      } catch (error) {
        if (!hasCode(error, 'LOCK_HELD')) throw error;
        ticket = error.problem?.ticket ?? null;
        const now = clock.monotonic();
        if (signal?.aborted || now >= giveUpAt) throw error;
        request.onHeld?.(error.problem);
        // A server that answers at once although it was asked to wait must not be asked without pause.
        if (now - askedAt < PAUSE_MS) await clock.sleep(Math.min(PAUSE_MS, giveUpAt - now), signal);
      }
    }
  } catch (error) {
    await leave(client, ticket);
    throw error;
  }
}

/** A place that is kept for nobody keeps a free lock from everybody for half a minute. */
async function leave(client: SparkClient, ticket: string | null): Promise<void> {
  if (ticket === null) return;
  await client.lock.leave(ticket, { retries: 0, timeoutMs: LAST_QUESTION_MS }).catch(() => undefined);
}

/** One question, repeated as it is until there is an answer. */
async function ask(client: SparkClient, body: WireAcquireRequest, giveUpAt: number, request: LeaseRequest): Promise<Acquired> {
  const { clock } = client;
  const { signal } = request;
  const idempotencyKey = crypto.randomUUID();
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    try {
      const grant = await client.lock.acquire(body, { idempotencyKey, retries: 0, signal });
      return { grant, at: clock.monotonic(), isFresh: tries === 1 };
    } catch (error) {
      if (signal?.aborted) return await abandon(client, body, idempotencyKey, signal);
      const isLast = clock.monotonic() >= giveUpAt && tries >= TRIES_WITHOUT_WAIT;
      if (isLast || !isPassing(error)) throw error;
      request.onTrouble?.(error);
    }
    try {
      await clock.sleep(Math.min(FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10), LONGEST_RETRY_MS), signal);
    } catch {
      return await abandon(client, body, idempotencyKey, signal);
    }
  }
}

/** Gives back what the broken-off question may have been granted, then rejects with the reason. */
async function abandon(
  client: SparkClient,
  body: WireAcquireRequest,
  idempotencyKey: string,
  signal: AbortSignal | undefined,
): Promise<never> {
  const waitSeconds = body.wait_seconds ?? 0;
  const timeoutMs = LAST_QUESTION_MS - waitSeconds * 1_000;
  try {
    const grant = await client.lock.acquire(body, { idempotencyKey, retries: 0, timeoutMs });
    await client.lock.release(grant.lock_id, { retries: 0, timeoutMs: LAST_QUESTION_MS });
  } catch {
    // Not granted, or not to be reached: then the lease, if there is one, ends by itself.
  }
  throw signal?.reason;
}

const bodyOf = ({ holder, ttlSeconds, reason, cluster }: LeaseRequest, waitSeconds: number, ticket: string | null): WireAcquireRequest => ({
  holder,
  ttl_seconds: ttlSeconds,
  wait_seconds: waitSeconds,
  ...(typeof reason === 'string' && { reason }),
  ...(typeof cluster === 'string' && { cluster }),
  ...(ticket !== null && { ticket }),
});
