import type { DeliveryId } from '../ids.ts';
import type { Delivery, DeliveryAttempt } from '../webhook/delivery.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';
import { afterTry, type Breaker, CLOSED_BREAKER, nextInLine, type Reading, type Waiting, waitingOf } from '../webhook/order.ts';
import { type AfterAttempt, afterAttempt } from '../webhook/retry-policy.ts';
import type { SendSlots } from './send-slots.ts';
import type { WebhookDeskDeps } from './webhook-deps.ts';

const TICK_MS = 1_000;
const YIELD_MS = 200;
/** Between two tries to write down what a send led to, while the store takes no writes. */
const OUTAGE_RETRY_MS = 1_000;
const PAGE = 200;
/** So many are remembered before it is looked up how many of them are still there. */
const FIRST_REVIEW = 1_000;

export type LineDeps = Readonly<
  Pick<WebhookDeskDeps, 'store' | 'outbox' | 'sender' | 'clock' | 'logger' | 'random' | 'tickMs' | 'yieldMs'> & {
    slots: SendSlots;
    /** The receiver said 410 to a delivery that was sent to this endpoint as it was then. */
    onGone: (endpoint: WebhookEndpoint, at: number) => Promise<void>;
  }
>;

/**
 * Sends what is pending for one endpoint, one after the other. Each endpoint has its own, so that one that hangs delays no
 * other. It keeps in memory only who waits since when, on both clocks; the truth is in the outbox, and is read again for each try.
 */
export class WebhookLine {
  readonly #deps: LineDeps;
  #endpoint: WebhookEndpoint;
  #waiting: Waiting[] = [];
  /** Sequence up to which the outbox has been read. */
  #readUntil = 0;
  #reviewAt = FIRST_REVIEW;
  #breaker: Breaker = CLOSED_BREAKER;
  readonly #running = new Map<DeliveryId, Promise<Delivery | null>>();
  /** Ends the loop; what is being sent goes on. */
  readonly #stopping = new AbortController();
  /** Ends what is being sent. */
  readonly #cutting = new AbortController();
  #isPoked = false;
  #nap: AbortController | null = null;
  #loop: Promise<void> | null = null;

  constructor(endpoint: WebhookEndpoint, deps: LineDeps) {
    this.#endpoint = endpoint;
    this.#deps = deps;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** There may be something new in the outbox. */
  poke(): void {
    this.#isPoked = true;
    this.#nap?.abort(new Error('there may be something new'));
  }

  /** Takes in one that is pending again, and that the outbox would not show as new. */
  add(delivery: Delivery): void {
    this.#put(delivery);
    this.poke();
  }

  change(endpoint: WebhookEndpoint): void {
    this.#endpoint = endpoint;
    this.#breaker = CLOSED_BREAKER;
    this.poke();
  }

  /** Begins no further try; resolves when those that run are over. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the webhooks stop'));
    this.poke();
    await Promise.allSettled([this.#loop, ...this.#running.values()]);
  }

  /** Cuts off what is being sent. It stays in the outbox. */
  async cut(): Promise<void> {
    this.#cutting.abort(new Error('the webhook is removed, or the webhooks stop'));
    await this.stop();
  }

  /** Tries one delivery now, wherever it stands; joins a try that runs. `null` when it is no longer there. */
  attempt(id: DeliveryId, isUrgent: boolean): Promise<Delivery | null> {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const attempt = this.#try(id, isUrgent).finally(() => this.#running.delete(id));
    attempt.catch(() => undefined); // whoever asked may have stopped waiting
    this.#running.set(id, attempt);
    return attempt;
  }

  isTrying(id: DeliveryId): boolean {
    return this.#running.has(id);
  }

  async #run(): Promise<void> {
    const { logger, tickMs = TICK_MS } = this.#deps;
    let isInTrouble = false;
    while (!this.#stopping.signal.aborted) {
      try {
        this.#isPoked = false;
        const idleMs = await this.#step(tickMs);
        isInTrouble = false;
        if (idleMs > 0) await this.#rest(idleMs);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (!isInTrouble) logger.warn('the outbox of a webhook cannot be worked on', { webhook: this.#endpoint.id, error });
        isInTrouble = true;
        this.#isPoked = false;
        await this.#rest(tickMs);
      }
    }
  }

  /** Sends at most one delivery. Returns how long there is nothing to do, ms. */
  async #step(tickMs: number): Promise<number> {
    if (!this.#endpoint.enabled) return tickMs;
    await this.#read();
    const next = nextInLine(this.#waiting, this.#breaker, this.#now());
    if (next.kind === 'wait') return Math.min(next.ms ?? tickMs, tickMs);
    await this.attempt(next.id, false);
    return 0;
  }

  async #read(): Promise<void> {
    await this.#readNew();
    if (this.#waiting.length < this.#reviewAt) return;
    // A full outbox drops what is here: an endpoint that is down for days would be remembered far beyond what waits for it.
    this.#waiting = [];
    this.#readUntil = 0;
    await this.#readNew();
    this.#reviewAt = Math.max(FIRST_REVIEW, 2 * this.#waiting.length);
  }

  async #readNew(): Promise<void> {
    for (;;) {
      const page = await this.#deps.outbox.pending(this.#endpoint.id, PAGE, this.#readUntil);
      for (const delivery of page) this.#put(delivery);
      this.#readUntil = page.at(-1)?.notice.sequence ?? this.#readUntil;
      if (page.length < PAGE) return;
    }
  }

  async #rest(ms: number): Promise<void> {
    if (!this.#isPoked) await this.#sleep(ms);
    // Not at once: what brought the news is a swap that has its next step to do, and it goes before whoever is told of it.
    const { clock, yieldMs = YIELD_MS } = this.#deps;
    if (this.#isPoked && yieldMs > 0) await clock.sleep(yieldMs, this.#stopping.signal).catch(() => undefined);
  }

  async #sleep(ms: number): Promise<void> {
    const nap = new AbortController();
    this.#nap = nap;
    try {
      await this.#deps.clock.sleep(ms, nap.signal);
    } catch {
      // Woken: there is something to look at.
    } finally {
      this.#nap = null;
    }
  }

  async #try(id: DeliveryId, isUrgent: boolean): Promise<Delivery | null> {
    const release = await this.#deps.slots.take(isUrgent, this.#stopping.signal);
    const endpoint = this.#endpoint;
    let tried: Readonly<{ delivery: Delivery; attempt: DeliveryAttempt }>;
    try {
      const delivery = await this.#deps.outbox.delivery(id);
      if (delivery?.state !== 'pending') {
        this.#forget(id);
        return delivery;
      }
      tried = { delivery, attempt: await this.#send(endpoint, delivery) };
    } finally {
      release();
    }
    const after = afterAttempt(tried.delivery, tried.attempt, { now: this.#deps.clock.now(), jitter: this.#deps.random() });
    await this.#keep(after.delivery, tried.attempt);
    await this.#settle(endpoint, after);
    return after.delivery;
  }

  async #send(endpoint: WebhookEndpoint, delivery: Delivery): Promise<DeliveryAttempt> {
    const { store, sender, clock, logger } = this.#deps;
    const at = clock.now();
    const failed = (error: string): DeliveryAttempt => ({ at, durationMs: 0, status: null, error, retryAfterMs: null });
    const secrets = await store.secrets(endpoint.id, at);
    if (secrets.length === 0) return failed('There is no secret to sign with that could be read; rotate it.');
    try {
      return await sender.send(endpoint, secrets, delivery, this.#cutting.signal);
    } catch (error) {
      this.#cutting.signal.throwIfAborted();
      logger.error('the sender of webhooks met a defect', { delivery: delivery.id, error });
      return failed('It could not be sent because of a defect; the log has the details.');
    }
  }

  /** Until it is written down nothing else is sent: to forget it would be to send it again and again. */
  async #keep(delivery: Delivery, attempt: DeliveryAttempt): Promise<void> {
    const { outbox, clock, logger } = this.#deps;
    for (let isTold = false; ; isTold = true) {
      try {
        return await outbox.record(delivery, attempt);
      } catch (error) {
        if (!isTold) logger.warn('what a webhook delivery led to cannot be stored yet', { delivery: delivery.id, error });
        await clock.sleep(OUTAGE_RETRY_MS, this.#stopping.signal);
      }
    }
  }

  async #settle(endpoint: WebhookEndpoint, { delivery, verdict }: AfterAttempt): Promise<void> {
    const { clock, logger, onGone } = this.#deps;
    if (endpoint.url === this.#endpoint.url) this.#breaker = afterTry(this.#breaker, verdict === 'delivered', this.#now());
    if (delivery.state === 'pending') this.#put(delivery);
    else this.#forget(delivery.id);
    if (verdict === 'dead' || verdict === 'gone') {
      const { id, webhook, notice, attempts, last } = delivery;
      const cause = { status: last?.status ?? null, reason: last?.error ?? null };
      logger.warn('a webhook delivery was given up', {
        delivery: id,
        webhook,
        type: notice.type,
        sequence: notice.sequence,
        attempts,
        ...cause,
      });
    }
    if (verdict !== 'gone') return;
    await onGone(endpoint, clock.now()).catch((error: unknown) => {
      logger.warn('a webhook that is gone could not be disabled', { webhook: endpoint.id, error });
    });
  }

  #put(delivery: Delivery): void {
    const waiting = waitingOf(delivery, this.#now());
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.sequence >= waiting.sequence) this.#forget(delivery.id);
    const at = this.#waiting.findLastIndex(({ sequence }) => sequence < waiting.sequence) + 1;
    this.#waiting.splice(at, 0, waiting);
  }

  #forget(id: DeliveryId): void {
    const at = this.#waiting.findIndex((waiting) => waiting.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #now(): Reading {
    return { now: this.#deps.clock.now(), monotonic: this.#deps.clock.monotonic() };
  }
}
