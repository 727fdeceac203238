import type { Delivery, DeliveryAttempt, WebhookWithCounts } from '@spark-control/core';
import type { WireDelivery, WireDeliveryAttempt, WireWebhook } from '@spark-control/schema';
import { nullableTimestamp, timestamp } from '../wire-time.ts';
import { payloadOf } from './payload.ts';

/** Field by field, so that nothing else that an endpoint may come to have, a secret for example, gets out. */
export function webhookView(webhook: WebhookWithCounts): WireWebhook {
  return {
    id: webhook.id,
    url: webhook.url,
    events: [...webhook.events],
    description: webhook.description,
    enabled: webhook.enabled,
    allow_loopback: webhook.allowLoopback,
    disabled_reason: webhook.disabledReason,
    pending: webhook.pending,
    dead: webhook.dead,
    created_at: timestamp(webhook.createdAt),
    updated_at: timestamp(webhook.updatedAt),
  };
}

/** `url`: where its endpoint is now. Of the answer there is the status and no more: its body was never kept. */
export function deliveryView(delivery: Delivery, url: string): WireDelivery {
  return {
    id: delivery.id,
    webhook: delivery.webhook,
    type: delivery.notice.type,
    sequence: delivery.notice.sequence,
    state: delivery.state,
    attempts: delivery.attempts,
    next_attempt_at: nullableTimestamp(delivery.nextAttemptAt),
    created_at: timestamp(delivery.createdAt),
    settled_at: nullableTimestamp(delivery.settledAt),
    last: delivery.last === null ? null : attemptView(delivery.last),
    request: { url, body: payloadOf(delivery.notice) },
  };
}

const attemptView = ({ at, durationMs, status, error }: DeliveryAttempt): WireDeliveryAttempt => ({
  at: timestamp(at),
  duration_ms: Math.round(durationMs),
  status,
  error,
});
