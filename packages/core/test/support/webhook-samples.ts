import {
  type AuditEntry,
  CONTROL_PLANE,
  clusterKey,
  type Delivery,
  type DeliveryAttempt,
  deliveryId,
  NOTICE_TYPES,
  type Notice,
  type WebhookEndpoint,
  webhookId,
} from '../../src/index.ts';
import { aSwap } from './builders.ts';

export const anEndpoint = (name: string, over: Partial<WebhookEndpoint> = {}): WebhookEndpoint => ({
  id: webhookId(`whk_${name}`),
  url: `http://10.0.0.9/${name}`,
  events: [...NOTICE_TYPES],
  description: null,
  enabled: true,
  allowLoopback: false,
  disabledReason: null,
  createdAt: 1_000,
  updatedAt: 1_000,
  ...over,
});

export const webhookAudit = (target: string, over: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1_000,
  actor: CONTROL_PLANE,
  action: 'webhook_created',
  cluster: null,
  target,
  fence: null,
  note: null,
  ...over,
});

/** A notice that is not an ending. */
export const started = (at: number): Notice => ({
  type: 'swap_started',
  at,
  cluster: clusterKey('default'),
  swap: aSwap({ phase: 'validating' }),
  endpoint: null,
});

/** A notice that is one. */
export const completed = (at: number): Notice => ({
  type: 'swap_complete',
  at,
  cluster: clusterKey('default'),
  swap: aSwap({ phase: 'ready', settledAt: at }),
  endpoint: { baseUrl: 'http://10.0.0.1:8000/v1', modelId: 'Größe "q"', maxModelLen: 40_960 },
});

export const aDelivery = (sequence: number, over: Partial<Delivery> = {}): Delivery => ({
  id: deliveryId(`dlv_${String(sequence).padStart(6, '0')}`),
  webhook: webhookId('whk_a'),
  notice: { ...started(1_000), sequence },
  state: 'pending',
  attempts: 0,
  nextAttemptAt: 1_000,
  failingSince: null,
  createdAt: 1_000,
  settledAt: null,
  last: null,
  ...over,
});

export const anAttempt = (status: number | null, over: Partial<DeliveryAttempt> = {}): DeliveryAttempt => ({
  at: 2_000,
  durationMs: 15,
  status,
  error: status !== null && status >= 200 && status < 300 ? null : `HTTP ${status}`,
  retryAfterMs: null,
  ...over,
});
