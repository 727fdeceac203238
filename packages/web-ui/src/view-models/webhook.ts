import { type AppState, serverNow } from '../state.ts';
import type { Delivery, Problem, Webhook, WebhookBody } from '../wire.ts';
import { instant, plural, span, wallTime } from './format.ts';
import { type Mark, mark } from './mark.ts';

export type EventName = WebhookBody['events'][number];

/** All that one can be told of; the same as the schema's list, whose library stays out of the bundle. */
export const EVENTS: readonly EventName[] = [
  'swap_started',
  'swap_complete',
  'swap_failed',
  'lock_acquired',
  'lock_released',
  'lock_expired',
  'lock_broken',
  'model_changed',
  'model_unhealthy',
  'automation_failed',
];

export type WebhookRow = Readonly<{
  id: string;
  url: string;
  description: string;
  mark: Mark;
  /** Why Spark Control switched it off by itself. */
  disabledReason: string | null;
  enabled: boolean;
  events: readonly string[];
  counts: string;
  hasDead: boolean;
  isTesting: boolean;
}>;

export type DeliveryRow = Readonly<{
  id: string;
  mark: Mark;
  type: string;
  when: string;
  attempts: string;
  last: string;
  next: string;
  body: string;
  isBusy: boolean;
  canResend: boolean;
}>;

export type WebhooksView = Readonly<{ rows: readonly WebhookRow[] | null; problem: Problem | null }>;

export type WebhookView = Readonly<{
  id: string;
  row: WebhookRow | null;
  isKnown: boolean;
  problem: Problem | null;
  deliveries: readonly DeliveryRow[] | null;
  deliveriesProblem: Problem | null;
  hasMore: boolean;
}>;

export const webhooksView = (state: AppState): WebhooksView => ({
  rows: state.lists.webhooks.value?.map((one) => webhookRow(one, state.busy)) ?? null,
  problem: state.lists.webhooks.problem,
});

export function webhookView(state: AppState, id: string): WebhookView {
  const { webhooks, deliveries } = state.lists;
  const found = webhooks.value?.find((one) => one.id === id);
  const shown = deliveries.of === id ? deliveries : null;
  return {
    id,
    row: found === undefined ? null : webhookRow(found, state.busy),
    isKnown: webhooks.value !== null,
    problem: webhooks.problem,
    deliveries: shown?.items?.map((one) => deliveryRow(one, serverNow(state), state.busy)) ?? null,
    deliveriesProblem: shown?.problem ?? null,
    hasMore: typeof shown?.nextCursor === 'string',
  };
}

function webhookRow(webhook: Webhook, busy: readonly string[]): WebhookRow {
  const { id, url, description, enabled, events, pending, dead } = webhook;
  return {
    id,
    url,
    description: description ?? '',
    mark: webhookMark(webhook),
    disabledReason: webhook.disabled_reason,
    enabled,
    events,
    counts: `${pending} on the way, ${dead} given up`,
    hasDead: dead > 0,
    isTesting: busy.includes(`test/${id}`),
  };
}

function webhookMark({ enabled, disabled_reason, dead }: Webhook): Mark {
  if (enabled) return dead > 0 ? mark('warn', 'on, with losses') : mark('ok', 'on');
  return disabled_reason === null ? mark('none', 'off') : mark('bad', 'switched off');
}

const STATES = { pending: mark('busy', 'on its way'), delivered: mark('ok', 'delivered'), dead: mark('bad', 'given up') } as const;

function deliveryRow(delivery: Delivery, now: number, busy: readonly string[]): DeliveryRow {
  const { id, type, state, attempts, request } = delivery;
  const next = instant(delivery.next_attempt_at);
  return {
    id,
    mark: STATES[state],
    type,
    when: wallTime(instant(delivery.created_at) ?? now, now),
    attempts: plural(attempts, 'try', 'tries'),
    last: attempts === 0 ? '' : lastWords(delivery),
    next: next === null ? '' : next <= now ? 'next try now' : `next try in ${span((next - now) / 1000)}`,
    body: JSON.stringify(request.body, null, 2) ?? '',
    isBusy: busy.includes(`redeliver/${id}`),
    canResend: state !== 'pending' || next === null || next > now,
  };
}

function lastWords({ last }: Delivery): string {
  if (last === null) return '';
  const time = `${last.duration_ms} ms`;
  const answer = last.status === null ? null : `HTTP ${last.status}`;
  return `${[answer, last.error].filter((part) => part !== null).join(', ')} (${time})`;
}

/** How a delivery stands, in one sentence. */
export function tryWords(delivery: Delivery): string {
  const { state, attempts } = delivery;
  if (state === 'delivered') return `delivered: ${lastWords(delivery)}`;
  return attempts === 0 ? 'not tried yet' : `not delivered: ${lastWords(delivery)}`;
}

export type WebhookDialogView = Readonly<{ id: string | null; start: WebhookBody; request: AppState['request'] }>;

export function webhookDialogView(state: AppState, id: string | null): WebhookDialogView {
  const found = state.lists.webhooks.value?.find((one) => one.id === id);
  const fresh: WebhookBody = { url: '', events: ['swap_complete', 'swap_failed'], description: null, allow_loopback: false };
  return { id, start: found === undefined ? fresh : { ...found, events: found.events as EventName[] }, request: state.request };
}
