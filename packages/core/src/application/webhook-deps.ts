import type { Clock, Ids } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Tokens } from '../ports/tokens.ts';
import type { WebhookSender } from '../ports/webhook-sender.ts';
import type { WebhookOutbox, WebhookStore } from '../ports/webhook-store.ts';
import type { CoreEvent } from './events.ts';

/** Everything the webhooks need from outside. */
export type WebhookDeskDeps = Readonly<{
  store: WebhookStore;
  outbox: WebhookOutbox;
  sender: WebhookSender;
  clock: Clock;
  ids: Ids;
  tokens: Tokens;
  logger: Logger;
  /** Evenly spread over 0..1: by this the tries of many deliveries are kept apart. */
  random: () => number;
  /** As {@link SparkCore.subscribe}. A journalled event may have brought notices with it. */
  subscribe: (listener: (event: CoreEvent) => void) => () => void;
  /** How often the outbox is looked at without a hint, ms. Default 1,000. */
  tickMs?: number;
  /** How long a swap goes first that has just brought news, ms. Default 200. */
  yieldMs?: number;
  /** Sends at once, over all endpoints. Default 8. */
  sendsAtOnce?: number;
}>;
