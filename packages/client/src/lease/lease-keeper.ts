import type { SparkClient } from '../client.ts';
import { hasCode } from '../errors.ts';
import type { Acquired } from './acquire-lease.ts';

/** The lock is somebody else's, or its time is over; whatever it protected must stop. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export type KeeperOptions = Readonly<{
  /** How often to look, between two renewals, whether the lock is still ours. Default 15 s. */
  lookMs?: number | undefined;
  /** Renewing does not work; it is tried again until the lease ends. Called once per outage. */
  onTrouble?: ((error: Error, secondsLeft: number) => void) | undefined;
  onRecovered?: (() => void) | undefined;
}>;

const LOOK_MS = 15_000;
const LONGEST_CALL_MS = 10_000;
const SHORTEST_PAUSE_MS = 50;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Keeps a lease alive until {@link stop}. The server judges; only while it cannot be asked does the lease's own end count, by
 * the monotonic clock and from the moment the last successful renewal was *sent*, so that it is never overestimated.
 */
export class LeaseKeeper {
  readonly #client: SparkClient;
  readonly #lockId: string;
  readonly #cluster: string;
  readonly #fence: number;
  readonly #options: KeeperOptions;
  readonly #lost = new AbortController();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #endsAt: number;
  #dueAt: number;
  #failures = 0;

  constructor(client: SparkClient, { grant, at, isFresh }: Acquired, options: KeeperOptions = {}) {
    this.#client = client;
    this.#lockId = grant.lock_id;
    this.#cluster = grant.cluster;
    this.#fence = grant.fence;
    this.#options = options;
    this.#endsAt = at + grant.ttl_seconds * 1_000;
    // The answer to a repeated question may be old; a renewal tells how much time there really is.
    this.#dueAt = isFresh ? at + dueAfterMs(grant) : at;
    this.#done = this.#keep();
  }

  /** Aborts with a {@link LeaseLostError} when the lease is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The end of the lease by the client's clock, as far as is known. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** Stops renewing. Does not release. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #keep(): Promise<void> {
    const { clock } = this.#client;
    const lookMs = this.#options.lookMs ?? LOOK_MS;
    while (!this.#stop.signal.aborted && !this.#lost.signal.aborted) {
      const now = clock.monotonic();
      if (now >= this.#endsAt) {
        this.#lose('its time ran out while the server could not be asked to renew it');
        return;
      }
      try {
        await clock.sleep(Math.min(this.#dueAt - now, lookMs, this.#endsAt - now), this.#stop.signal);
        // A timer may fire a little early; the difference is less than what a request takes.
        if (clock.monotonic() >= this.#dueAt - 1) await this.#renew();
        else if (this.#failures === 0) await this.#look();
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#lose(String(error));
      }
    }
  }

  async #renew(): Promise<void> {
    const { clock, lock } = this.#client;
    const sentAt = clock.monotonic();
    try {
      const renewal = await lock.renew(this.#lockId, null, this.#callOptions());
      this.#endsAt = Math.max(this.#endsAt, sentAt + renewal.ttl_seconds * 1_000);
      this.#dueAt = sentAt + dueAfterMs(renewal);
      if (this.#failures > 0) this.#options.onRecovered?.();
      this.#failures = 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (hasCode(error, 'LOCK_EXPIRED', 'FENCED_OFF', 'LOCK_NOT_FOUND')) {
        this.#lose(error.message);
        return;
      }
      // Anything else may pass, a key that was taken away included; the lease's own end is the limit.
      const now = clock.monotonic();
      if (this.#failures === 0) this.#options.onTrouble?.(error as Error, Math.max(0, (this.#endsAt - now) / 1_000));
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10), LONGEST_PAUSE_MS, (this.#endsAt - sentAt) / 4);
      this.#dueAt = now + Math.max(SHORTEST_PAUSE_MS, pause);
      this.#failures += 1;
    }
  }

  /** A lock that was broken by force should not be noticed as late as a renewal may be due. Only a renewal decides. */
  async #look(): Promise<void> {
    try {
      const { lock } = await this.#client.lock.show(this.#cluster, this.#callOptions());
      if (lock === null || lock.fence !== this.#fence) this.#dueAt = this.#client.clock.monotonic();
    } catch {
      // The renewal will tell.
    }
  }

  #callOptions() {
    const timeoutMs = Math.max(1, Math.min(LONGEST_CALL_MS, this.#endsAt - this.#client.clock.monotonic()));
    return { retries: 0, timeoutMs, signal: this.#stop.signal };
  }

  #lose(why: string): void {
    this.#lost.abort(new LeaseLostError(`The lease is lost: ${why.replace(/\.$/, '')}`));
  }
}

/** When the server does not say a sensible time, half of the TTL. */
function dueAfterMs({
  renew_after_seconds: after,
  ttl_seconds: ttl,
}: Readonly<{ renew_after_seconds: number; ttl_seconds: number }>): number {
  return (after > 0 && after < ttl ? after : ttl / 2) * 1_000;
}
