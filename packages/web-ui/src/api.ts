import type { Call, Request } from './transport.ts';
import type {
  AcquireBody,
  AuditList,
  Automation,
  AutomationBody,
  AutomationList,
  AutomationRun,
  AutomationRunList,
  Calendar,
  Delivery,
  DeliveryList,
  Grant,
  Lease,
  Lock,
  ModelList,
  Preflight,
  Renewal,
  Swap,
  SwapBody,
  SwapList,
  Webhook,
  WebhookBody,
  WebhookList,
  WebhookWithSecret,
} from './wire.ts';

export type SwapFilter = Readonly<{ cluster?: string; outcome?: string; model?: string; cursor?: string }>;
/** `cursor`: where the next page begins; `null`: the first one. */
export type Page = Readonly<{ cursor: string | null; limit: number }>;

/** What the page asks of the server. Every method rejects as {@link createCall} says. */
export type Api = Readonly<{
  models(): Promise<ModelList>;
  swap(id: string): Promise<Swap>;
  swaps(filter: SwapFilter, limit: number): Promise<SwapList>;
  validate(model: string, cluster: string, signal?: AbortSignal): Promise<Preflight>;
  /** `lockId`: of a lock acquired here, `null` without one. */
  startSwap(body: SwapBody, idempotencyKey: string, lockId: string | null): Promise<Swap>;
  cancelSwap(id: string): Promise<Swap>;
  lock(cluster: string): Promise<Lock>;
  acquireLock(body: AcquireBody, idempotencyKey: string): Promise<Grant>;
  renewLock(lockId: string): Promise<Renewal>;
  releaseLock(lockId: string): Promise<null>;
  breakLock(cluster: string, reason: string): Promise<Lease>;
  calendar(from: string, to: string): Promise<Calendar>;
  automations(): Promise<AutomationList>;
  createAutomation(body: AutomationBody, idempotencyKey: string): Promise<Automation>;
  changeAutomation(id: string, change: Partial<AutomationBody>): Promise<Automation>;
  removeAutomation(id: string): Promise<null>;
  runAutomation(id: string, idempotencyKey: string): Promise<AutomationRun>;
  runs(automation: string, page: Page): Promise<AutomationRunList>;
  webhooks(): Promise<WebhookList>;
  createWebhook(body: WebhookBody, idempotencyKey: string): Promise<WebhookWithSecret>;
  changeWebhook(id: string, change: Partial<WebhookBody>): Promise<Webhook>;
  removeWebhook(id: string): Promise<null>;
  rotateSecret(id: string, idempotencyKey: string): Promise<WebhookWithSecret>;
  testWebhook(id: string, idempotencyKey: string): Promise<Delivery>;
  deliveries(webhook: string, page: Page): Promise<DeliveryList>;
  redeliver(delivery: string, idempotencyKey: string): Promise<Delivery>;
  audit(action: string, page: Page): Promise<AuditList>;
}>;

export function createApi(call: Call): Api {
  const id = encodeURIComponent;
  const post = (body: unknown, key?: string): Request => ({
    method: 'POST',
    body,
    ...(key !== undefined && { headers: { 'idempotency-key': key } }),
  });
  const patch = (body: unknown): Request => ({ method: 'PATCH', body });
  const remove: Request = { method: 'DELETE' };
  const page = ({ cursor, limit }: Page, more = {}): string => query({ ...more, limit: String(limit), cursor: cursor ?? '' });
  return {
    models: () => call('/api/models'),
    swap: (swap) => call(`/api/swap/${id(swap)}`),
    swaps: (filter, limit) => call(`/api/swaps?${query({ ...filter, limit: String(limit) })}`),
    validate: (model, cluster, signal) => call(`/api/swap/${id(model)}/validate`, { ...post({ cluster }), signal }),
    startSwap: (body, key, lockId) => {
      const lock = lockId === null ? {} : { 'x-swap-lock': lockId };
      return call('/api/swap', { method: 'POST', body, headers: { 'idempotency-key': key, ...lock } });
    },
    cancelSwap: (swap) => call(`/api/swap/${id(swap)}/cancel`, post({})),
    lock: (cluster) => call(`/api/swap/lock?${query({ cluster })}`),
    acquireLock: (body, key) => call('/api/swap/lock', post(body, key)),
    renewLock: (lock_id) => call('/api/swap/lock', { method: 'PUT', body: { lock_id } }),
    releaseLock: (lockId) => call('/api/swap/lock', { ...remove, headers: { 'x-swap-lock': lockId } }),
    breakLock: (cluster, reason) => call(`/api/swap/lock?${query({ cluster, force: 'true', reason })}`, remove),
    calendar: (from, to) => call(`/api/schedules?${query({ from, to })}`),
    automations: () => call('/api/automations'),
    createAutomation: (body, key) => call('/api/automations', post(body, key)),
    changeAutomation: (automation, change) => call(`/api/automations/${id(automation)}`, patch(change)),
    removeAutomation: (automation) => call(`/api/automations/${id(automation)}`, remove),
    runAutomation: (automation, key) => call(`/api/automations/${id(automation)}/run`, post({}, key)),
    runs: (automation, which) => call(`/api/automations/${id(automation)}/runs?${page(which)}`),
    webhooks: () => call('/api/webhooks'),
    createWebhook: (body, key) => call('/api/webhooks', post(body, key)),
    changeWebhook: (webhook, change) => call(`/api/webhooks/${id(webhook)}`, patch(change)),
    removeWebhook: (webhook) => call(`/api/webhooks/${id(webhook)}`, remove),
    rotateSecret: (webhook, key) => call(`/api/webhooks/${id(webhook)}/rotate-secret`, post({}, key)),
    testWebhook: (webhook, key) => call(`/api/webhooks/${id(webhook)}/test`, post({}, key)),
    deliveries: (webhook, which) => call(`/api/webhooks/${id(webhook)}/deliveries?${page(which)}`),
    redeliver: (delivery, key) => call(`/api/webhooks/deliveries/${id(delivery)}/redeliver`, post({}, key)),
    audit: (action, which) => call(`/api/audit?${page(which, { action })}`),
  };
}

/** Only what is set: an empty value would be a value to the server. */
const query = (fields: Readonly<Record<string, string>>): string =>
  String(new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')));
