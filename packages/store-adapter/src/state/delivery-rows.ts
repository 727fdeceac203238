import { randomInt } from 'node:crypto';
import {
  type Delivery,
  type DeliveryId,
  type DeliveryState,
  deliveryId,
  type Notice,
  type WebhookId,
  webhookId,
} from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';

/** What a delivery's row keeps as JSON: all that is not searched for. */
type DeliveryBody = Pick<Delivery, 'attempts' | 'failingSince' | 'last'>;

/** A row of `deliveries` with the body of its notice. */
export type DeliveryRow = Tables['deliveries'] & Readonly<{ notice: string }>;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SEQUENCE_DIGITS = 16; // as many as the largest safe integer has
const RANDOM_DIGITS = 10;

/** Sorts by the sequence; the random part keeps it new when a restored database counts the same numbers once more. */
export function newDeliveryId(sequence: number): DeliveryId {
  const random = Array.from({ length: RANDOM_DIGITS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return deliveryId(`dlv_${String(sequence).padStart(SEQUENCE_DIGITS, '0')}${random}`);
}

export function newDelivery(webhook: WebhookId, sequence: number, notice: Notice, at: number): Delivery {
  return {
    id: newDeliveryId(sequence),
    webhook,
    notice: { ...notice, sequence },
    state: 'pending',
    attempts: 0,
    nextAttemptAt: at,
    failingSince: null,
    createdAt: at,
    settledAt: null,
    last: null,
  };
}

export const changingOf = (delivery: Delivery) => ({
  state: delivery.state,
  next_attempt_at: delivery.nextAttemptAt,
  settled_at: delivery.settledAt,
  body: JSON.stringify({
    attempts: delivery.attempts,
    failingSince: delivery.failingSince,
    last: delivery.last,
  } satisfies DeliveryBody),
});

export const rowOf = (delivery: Delivery): Tables['deliveries'] => ({
  id: delivery.id,
  webhook: delivery.webhook,
  sequence: delivery.notice.sequence,
  created_at: delivery.createdAt,
  ...changingOf(delivery),
});

export function deliveryOf(row: DeliveryRow): Delivery {
  return {
    ...(JSON.parse(row.body) as DeliveryBody),
    id: deliveryId(row.id),
    webhook: webhookId(row.webhook),
    notice: { ...(JSON.parse(row.notice) as Notice), sequence: row.sequence },
    state: row.state as DeliveryState,
    nextAttemptAt: row.next_attempt_at,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  };
}

/** Deliveries with their notices. */
export const selectDeliveries = (db: Kysely<Tables>) =>
  db
    .selectFrom('deliveries')
    .innerJoin('notices', 'notices.sequence', 'deliveries.sequence')
    .selectAll('deliveries')
    .select('notices.body as notice');

/** Removes deliveries with the log of their tries; call inside a transaction. */
export async function removeDeliveries(db: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.deleteFrom('delivery_attempts').where('delivery', 'in', ids).execute();
  await db.deleteFrom('deliveries').where('id', 'in', ids).execute();
}

/** Removes notices that are on their way to nobody any more: all such, or those of `sequences`. */
export async function removeUntold(db: Kysely<Tables>, sequences?: readonly number[]): Promise<void> {
  const untold = db
    .deleteFrom('notices')
    .where(({ exists, not, selectFrom }) =>
      not(exists(selectFrom('deliveries').select('id').whereRef('deliveries.sequence', '=', 'notices.sequence'))),
    );
  await (sequences === undefined ? untold : untold.where('sequence', 'in', sequences)).execute();
}
