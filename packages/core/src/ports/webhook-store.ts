import type { AuditEntry } from '../audit/audit-entry.ts';
import type { DeliveryId, WebhookId } from '../ids.ts';
import type { Delivery, DeliveryAttempt, DeliveryState } from '../webhook/delivery.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';
import type { Notice } from '../webhook/notice.ts';

export type DeliveryQuery = Readonly<{ webhook: WebhookId; state?: DeliveryState; before?: DeliveryId; limit: number }>;

/**
 * Endpoints. Contract: writes are durable before they resolve, each together with its audit entry; secrets are sealed at
 * rest. All reject STORE_UNAVAILABLE.
 */
export interface WebhookStore {
  endpoints(): Promise<readonly WebhookEndpoint[]>;
  /** Inserts or replaces. `secret`: a new one that becomes the newest; those before it stay valid until `oldUntil`, the last four of them. */
  save(endpoint: WebhookEndpoint, secret: Readonly<{ value: string; oldUntil: number }> | null, audit: AuditEntry): Promise<void>;
  /** Removes it with its secrets and deliveries. */
  remove(id: WebhookId, audit: AuditEntry): Promise<void>;
  /** Those valid at `now`, newest first. */
  secrets(id: WebhookId, now: number): Promise<readonly string[]>;
}

/**
 * The outbox. {@link SwapJournal.commit} puts a delivery of each of its notices into the outbox of every enabled endpoint that
 * wants that type, in the transaction of the state change. Contract: `pending` is in the order of `sequence`; of one endpoint
 * at most 10,000 are pending, beyond which the oldest are dropped, ends of swaps and locks last; and at most 20,000 settled, beyond
 * which the oldest are dropped, dead ones last.
 */
export interface WebhookOutbox {
  /** Only those with a `sequence` above `after`, where that is given. */
  pending(webhook: WebhookId, limit: number, after?: number): Promise<readonly Delivery[]>;
  delivery(id: DeliveryId): Promise<Delivery | null>;
  /** Newest first. */
  deliveries(query: DeliveryQuery): Promise<readonly Delivery[]>;
  /** At least the last 50. */
  attempts(id: DeliveryId): Promise<readonly DeliveryAttempt[]>;
  /**
   * Stores the delivery as it is after a try, and the try. With `audit` also why, for example that it was queued again. One that
   * is no longer there stays away.
   */
  record(delivery: Delivery, attempt: DeliveryAttempt | null, audit?: AuditEntry): Promise<void>;
  /** Puts one notice in for one endpoint, whatever types it wants, and numbers it. */
  enqueue(webhook: WebhookId, notice: Notice, at: number): Promise<Delivery>;
  /** Settles all that is pending for one endpoint as dead. */
  giveUp(webhook: WebhookId, at: number): Promise<void>;
  /** Of one endpoint, or of all. */
  counts(webhook?: WebhookId): Promise<Readonly<{ pending: number; dead: number; oldestPendingAt: number | null }>>;
  /** Forgets settled deliveries older than `before`. */
  prune(before: number): Promise<void>;
}
