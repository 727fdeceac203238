import Type, { type Static } from 'typebox';
import { CLOSED, listOf, NullableInteger, NullableString, NullableText, NullableTimestamp, Timestamp } from './common.ts';

export const WEBHOOK_EVENTS = [
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
] as const;

const Events = Type.Array(Type.Enum([...WEBHOOK_EVENTS]), { minItems: 1, uniqueItems: true });
const Url = Type.String({ minLength: 1, maxLength: 2_000 });

export const Webhook = Type.Object({
  id: Type.String(),
  url: Type.String(),
  events: Type.Array(Type.String()),
  description: NullableString,
  enabled: Type.Boolean(),
  allow_loopback: Type.Boolean(),
  disabled_reason: NullableString,
  pending: Type.Integer({ minimum: 0, description: 'Deliveries on their way' }),
  dead: Type.Integer({ minimum: 0, description: 'Deliveries given up, which can be sent again' }),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export const WebhookList = listOf(Webhook);

/** The secret is shown when it is made and never again. */
export const WebhookWithSecret = Type.Object({ ...Webhook.properties, secret: Type.String() });

export const CreateWebhookBody = Type.Object(
  {
    url: Url,
    events: Events,
    description: Type.Optional(NullableText(200)),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    allow_loopback: Type.Optional(Type.Boolean({ default: false })),
  },
  CLOSED,
);
export const ChangeWebhookBody = Type.Object(
  {
    url: Type.Optional(Url),
    events: Type.Optional(Events),
    description: Type.Optional(NullableText(200)),
    enabled: Type.Optional(Type.Boolean()),
    allow_loopback: Type.Optional(Type.Boolean()),
  },
  CLOSED,
);

export const DeliveryAttempt = Type.Object({
  at: Timestamp,
  duration_ms: Type.Integer({ minimum: 0 }),
  status: NullableInteger,
  error: NullableString,
});
export const Delivery = Type.Object({
  id: Type.String(),
  webhook: Type.String(),
  type: Type.String(),
  sequence: Type.Integer({ minimum: 1 }),
  state: Type.Enum(['pending', 'delivered', 'dead']),
  attempts: Type.Integer({ minimum: 0 }),
  next_attempt_at: NullableTimestamp,
  created_at: Timestamp,
  settled_at: NullableTimestamp,
  last: Type.Union([DeliveryAttempt, Type.Null()]),
  /** The body that is sent; the headers are those of Standard Webhooks. */
  request: Type.Object({ url: Type.String(), body: Type.Unknown() }),
});
export const DeliveryList = listOf(Delivery);
export const DeliveryListQuery = Type.Object(
  {
    state: Type.Optional(Type.Enum(['pending', 'delivered', 'dead'])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  CLOSED,
);

/** Body of every webhook request. `data` depends on `type`. */
export const WebhookPayload = Type.Object({
  type: Type.String(),
  timestamp: Timestamp,
  sequence: Type.Integer({ minimum: 1, description: 'Rises with every event; order by it, not by arrival' }),
  data: Type.Record(Type.String(), Type.Unknown()),
});

export type WireWebhook = Static<typeof Webhook>;
export type WireWebhookList = Static<typeof WebhookList>;
export type WireWebhookWithSecret = Static<typeof WebhookWithSecret>;
export type WireCreateWebhook = Static<typeof CreateWebhookBody>;
export type WireChangeWebhook = Static<typeof ChangeWebhookBody>;
export type WireDelivery = Static<typeof Delivery>;
export type WireDeliveryAttempt = Static<typeof DeliveryAttempt>;
export type WireDeliveryList = Static<typeof DeliveryList>;
export type WireWebhookPayload = Static<typeof WebhookPayload>;
