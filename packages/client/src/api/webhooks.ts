import type {
  DeliveryListQuery,
  Static,
  WireChangeWebhook,
  WireCreateWebhook,
  WireDelivery,
  WireDeliveryList,
  WireWebhook,
  WireWebhookList,
  WireWebhookWithSecret,
} from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';

export type DeliveryFilter = Static<typeof DeliveryListQuery>;

export type WebhooksApi = Readonly<{
  list(options?: CallOptions): Promise<WireWebhookList>;
  get(id: string, options?: CallOptions): Promise<WireWebhook>;
  /** The answer, and no later one, has the secret. */
  create(body: WireCreateWebhook, options?: CallOptions): Promise<WireWebhookWithSecret>;
  change(id: string, body: WireChangeWebhook, options?: CallOptions): Promise<WireWebhook>;
  remove(id: string, options?: CallOptions): Promise<void>;
  /** The old secret goes on signing beside the new one for a while. */
  rotateSecret(id: string, options?: CallOptions): Promise<WireWebhookWithSecret>;
  /** Sends a test event and answers with what became of its first try. */
  test(id: string, options?: CallOptions): Promise<WireDelivery>;
  deliveries(id: string, filter?: DeliveryFilter, options?: CallOptions): Promise<WireDeliveryList>;
  redeliver(deliveryId: string, options?: CallOptions): Promise<WireDelivery>;
}>;

const BASE = '/api/webhooks';

export function createWebhooksApi(transport: Transport): WebhooksApi {
  const path = (id: string): string => `${BASE}/${encodeURIComponent(id)}`;
  return {
    list: (options) => transport.call({ method: 'GET', path: BASE }, options),
    get: (id, options) => transport.call({ method: 'GET', path: path(id) }, options),
    create: (body, options) => transport.call({ method: 'POST', path: BASE, body }, options),
    change: (id, body, options) => transport.call({ method: 'PATCH', path: path(id), body }, options),
    remove: (id, options) => transport.call({ method: 'DELETE', path: path(id), goneCode: 'WEBHOOK_NOT_FOUND' }, options),
    rotateSecret: (id, options) => transport.call({ method: 'POST', path: `${path(id)}/rotate-secret`, body: {} }, options),
    test: (id, options) => transport.call({ method: 'POST', path: `${path(id)}/test`, body: {} }, options),
    deliveries: (id, filter = {}, options) => transport.call({ method: 'GET', path: `${path(id)}/deliveries`, query: filter }, options),
    redeliver: (id, options) =>
      transport.call({ method: 'POST', path: `${BASE}/deliveries/${encodeURIComponent(id)}/redeliver`, body: {} }, options),
  };
}
