import type { Actor } from '../audit/audit-entry.ts';
import type { DeliveryId, WebhookId } from '../ids.ts';
import type { Delivery, DeliveryState } from '../webhook/delivery.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';
import type { NoticeType } from '../webhook/notice.ts';

export type NewWebhook = Readonly<{
  url: string;
  events: readonly NoticeType[];
  description: string | null;
  enabled: boolean;
  allowLoopback: boolean;
}>;

/** An endpoint with what lies in its outbox. */
export type WebhookWithCounts = WebhookEndpoint & Readonly<{ pending: number; dead: number }>;

/**
 * Webhooks: endpoints, their deliveries, and the sending. Rejects WEBHOOK_NOT_FOUND or DELIVERY_NOT_FOUND for what does not exist,
 * INVALID_REQUEST (path `/url`) for a target that is not allowed, READ_ONLY for what the environment says, STORE_UNAVAILABLE.
 */
export interface WebhookDesk {
  list(): Promise<readonly WebhookWithCounts[]>;
  get(id: WebhookId): Promise<WebhookWithCounts>;
  /** The secret is given out here and by `rotateSecret`, once each. */
  create(from: NewWebhook, actor: Actor): Promise<Readonly<{ webhook: WebhookWithCounts; secret: string }>>;
  change(id: WebhookId, change: Partial<NewWebhook>, actor: Actor): Promise<WebhookWithCounts>;
  remove(id: WebhookId, actor: Actor): Promise<void>;
  /** The old secret signs beside the new one for 24 h. */
  rotateSecret(id: WebhookId, actor: Actor): Promise<Readonly<{ webhook: WebhookWithCounts; secret: string }>>;
  /** Queues a `test` notice and waits up to 20 s for its first try. */
  test(id: WebhookId, actor: Actor): Promise<Delivery>;
  deliveries(id: WebhookId, query: Readonly<{ state?: DeliveryState; before?: DeliveryId; limit: number }>): Promise<readonly Delivery[]>;
  /** Sends a settled delivery again, with the same `webhook-id`, at once. A pending one is tried at once. */
  redeliver(id: DeliveryId, actor: Actor): Promise<Delivery>;
  /** Begins to send what lies in the outbox. */
  start(): Promise<void>;
  /** Ends the tries that run within 3 s; the rest stays in the outbox. */
  close(): Promise<void>;
}

/** A desk whose owner may also name one endpoint by SWAP_WEBHOOK_URL and SWAP_WEBHOOK_SECRET. */
export interface ConfigurableWebhookDesk extends WebhookDesk {
  /**
   * Makes `whk_environment` what the environment says; `null` for the URL removes it. Its secret is never given out: with `null` one
   * is made, which `rotateSecret` replaces by one that is shown. Rejects INVALID_SETTINGS, STORE_UNAVAILABLE.
   */
  ensureConfigured(url: string | null, secret: string | null): Promise<void>;
}
