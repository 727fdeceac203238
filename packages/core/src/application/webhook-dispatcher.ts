import type { WebhookId } from '../ids.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';
import { atMost } from './at-most.ts';
import { SendSlots } from './send-slots.ts';
import type { WebhookDeskDeps } from './webhook-deps.ts';
import { type LineDeps, WebhookLine } from './webhook-line.ts';

const SENDS_AT_ONCE = 8;
const PRUNE_EVERY_MS = 3_600_000;
const KEPT_MS = 30 * 24 * 3_600_000;
/**
 * What is being sent at the end of the process may take this long to be answered. Open connections have had their time by then, and
 * whoever stops a process gives it ten seconds for everything.
 */
const LAST_TRIES_MS = 3_000;

/** The lines of all endpoints. */
export class WebhookDispatcher {
  readonly #deps: WebhookDeskDeps;
  readonly #lineDeps: LineDeps;
  readonly #lines = new Map<WebhookId, WebhookLine>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #pruning: Promise<void> | null = null;

  constructor(deps: WebhookDeskDeps, onGone: LineDeps['onGone']) {
    this.#deps = deps;
    this.#lineDeps = { ...deps, slots: new SendSlots(deps.sendsAtOnce ?? SENDS_AT_ONCE), onGone };
  }

  /** Begins to send. Endpoints that come later are sent to at once. */
  start(endpoints: readonly WebhookEndpoint[]): void {
    this.#pruning ??= this.#prune();
    for (const endpoint of endpoints) this.put(endpoint);
    for (const line of this.#lines.values()) line.start();
  }

  poke(): void {
    for (const line of this.#lines.values()) line.poke();
  }

  /** Takes in an endpoint that is new or has changed. */
  put(endpoint: WebhookEndpoint): void {
    const known = this.#lines.get(endpoint.id);
    if (known !== undefined) known.change(endpoint);
    else this.#lines.set(endpoint.id, this.#makeLine(endpoint));
  }

  /** Forgets an endpoint; what is being sent to it is cut off, without waiting for that. */
  drop(id: WebhookId): void {
    const line = this.#lines.get(id);
    if (line === undefined) return;
    this.#lines.delete(id);
    const leaving = line.cut().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** The line of an endpoint; one that was not known to this process is taken in. */
  lineOf(endpoint: WebhookEndpoint): WebhookLine {
    const line = this.#lines.get(endpoint.id) ?? this.#makeLine(endpoint);
    this.#lines.set(endpoint.id, line);
    return line;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the webhooks stop'));
    const lines = [...this.#lines.values()];
    await atMost(this.#deps.clock, LAST_TRIES_MS, Promise.all(lines.map((line) => line.stop())));
    await Promise.all([...lines.map((line) => line.cut()), ...this.#leaving, this.#pruning]);
  }

  #makeLine(endpoint: WebhookEndpoint): WebhookLine {
    const line = new WebhookLine(endpoint, this.#lineDeps);
    if (this.#pruning !== null && !this.#closing.signal.aborted) line.start();
    return line;
  }

  async #prune(): Promise<void> {
    const { outbox, clock, logger } = this.#deps;
    for (;;) {
      await outbox.prune(clock.now() - KEPT_MS).catch((error: unknown) => {
        logger.warn('old webhook deliveries could not be removed', { error });
      });
      try {
        await clock.sleep(PRUNE_EVERY_MS, this.#closing.signal);
      } catch {
        return;
      }
    }
  }
}
