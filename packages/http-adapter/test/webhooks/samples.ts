import {
  automationId,
  clusterKey,
  type Delivery,
  deliveryId,
  modelKey,
  type NumberedNotice,
  runId,
  swapId,
  type WebhookEndpoint,
  webhookId,
} from '@spark-control/core';
import { aSwap } from '../../../core/test/support/builders.ts';
import { aView } from '../support/scripted-core.ts';

const AT = 1_700_000_000_000;
const cluster = clusterKey('default');
const endpoint = { baseUrl: 'http://spark-1.local:8000/v1', modelId: 'qwen', maxModelLen: 32_768 };
const lock = { holder: 'cron', reason: 'night', fence: 7, implicit: false, acquiredAt: AT, expiresAt: AT + 60_000, remainingMs: 59_500 };
const swap = aSwap({ phase: 'ready', serving: { kind: 'model', model: modelKey('qwen') }, createdAt: AT - 9_000, settledAt: AT, fence: 7 });

/** One notice of each form. */
export const NOTICES = {
  swap_started: { type: 'swap_started', sequence: 1, at: AT, cluster, swap: aSwap({ phase: 'stopping' }), endpoint: null },
  swap_complete: { type: 'swap_complete', sequence: 2, at: AT, cluster, swap, endpoint },
  lock_broken: { type: 'lock_broken', sequence: 3, at: AT, cluster, lock, by: 'anna', note: 'the job hangs' },
  model_unhealthy: {
    type: 'model_unhealthy',
    sequence: 4,
    at: AT,
    cluster,
    view: aView({
      serving: { kind: 'model', model: modelKey('qwen') },
      runtime: 'unhealthy',
      unreachable: [{ host: 'spark2', reason: 'silent' }],
    }),
    endpoint,
  },
  automation_failed: {
    type: 'automation_failed',
    sequence: 5,
    at: AT,
    cluster: null,
    automation: { id: automationId('aut_1'), name: 'nightly' },
    run: {
      id: runId('run_1'),
      automation: automationId('aut_1'),
      scheduledFor: AT,
      startedAt: AT,
      settledAt: AT + 1_000,
      outcome: 'failed',
      detail: 'The lock was held.',
      swap: swapId('swp_9'),
      startedBy: 'cron',
    },
  },
  test: { type: 'test', sequence: 6, at: AT, cluster: null, by: 'anna' },
} as const satisfies Record<string, NumberedNotice>;

export const aWebhook = (over: Partial<WebhookEndpoint> = {}): WebhookEndpoint => ({
  id: webhookId('whk_1'),
  url: 'http://gpu-box.local:18790/spark',
  events: ['swap_complete', 'swap_failed'],
  description: null,
  enabled: true,
  allowLoopback: true,
  disabledReason: null,
  createdAt: AT,
  updatedAt: AT,
  ...over,
});

export const aDelivery = (over: Partial<Delivery> = {}): Delivery => ({
  id: deliveryId('dlv_1'),
  webhook: webhookId('whk_1'),
  notice: NOTICES.swap_complete,
  state: 'pending',
  attempts: 0,
  nextAttemptAt: AT,
  failingSince: null,
  createdAt: AT,
  settledAt: null,
  last: null,
  ...over,
});
