import type { DeliveryId, WebhookId } from '../ids.ts';
import type { NumberedNotice } from './notice.ts';

/** `dead`: every try of the schedule failed, or the endpoint said it is gone. It is kept and can be sent again. */
export type DeliveryState = 'pending' | 'delivered' | 'dead';

/** One notice on its way to one endpoint. Times in ms since the epoch. Its id sorts by `sequence`. */
export type Delivery = Readonly<{
  id: DeliveryId;
  webhook: WebhookId;
  notice: NumberedNotice;
  state: DeliveryState;
  /** Tries so far, since it was put in or, once settled, sent again by hand. */
  attempts: number;
  /** When the next one is due; `null` once settled. */
  nextAttemptAt: number | null;
  /** When the first try failed; `null` while none has. After an hour of failures later deliveries may overtake. */
  failingSince: number | null;
  createdAt: number;
  settledAt: number | null;
  last: DeliveryAttempt | null;
}>;

/** One try. The answer's body is never kept: it would let a caller read what the control plane can reach. */
export type DeliveryAttempt = Readonly<{
  at: number;
  durationMs: number;
  /** HTTP status; `null` when there was no answer. */
  status: number | null;
  /** What went wrong, for people; `null` for a success. */
  error: string | null;
  /** As `Retry-After` of the answer asked, ms from `at`; `null` without one. */
  retryAfterMs: number | null;
}>;
