import {
  type AuditEntry,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryId,
  type DeliveryQuery,
  ENDING_NOTICES,
  type Logger,
  type Notice,
  type WebhookEndpoint,
  type WebhookId,
  type WebhookOutbox,
} from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { raiseCounter } from './counters.ts';
import {
  changingOf,
  type DeliveryRow,
  deliveryOf,
  newDelivery,
  removeDeliveries,
  removeUntold,
  rowOf,
  selectDeliveries,
} from './delivery-rows.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { WriteGuard } from './write-guard.ts';

/** Rows removed in one transaction: a swap that has to be journalled waits no longer than that takes. */
const PRUNED_AT_ONCE = 500;
/** In one transaction, for the same reason: a pile that has outgrown its cap by more shrinks by and by. */
const DROPPED_AT_ONCE = 1_000;
/** Settled deliveries that are kept, for each that may be pending: a job that locks by the second has millions of them in a month. */
const SETTLED_PER_PENDING = 2;
/** Tries that are kept of one delivery: by hand it can be sent again without end. */
const KEPT_ATTEMPTS = 50;

type Pile = 'pending' | 'settled';

export type OutboxOptions = Readonly<{ guard: WriteGuard; audit: SqlAudit; logger: Logger /** Pending per endpoint. */; cap: number }>;

/** {@link WebhookOutbox} in SQL, with the writing side for whoever changes something: notices go into the same transaction. */
export class SqlOutbox implements WebhookOutbox {
  readonly #db: Kysely<Tables>;
  readonly #options: OutboxOptions;
  /** How many more may come to a pile of an endpoint before it has to be counted again. */
  readonly #room: Readonly<Record<Pile, Map<WebhookId, number>>> = { pending: new Map(), settled: new Map() };

  constructor(db: Kysely<Tables>, options: OutboxOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Numbers and stores `notices` for every enabled endpoint that wants them, inside the caller's transaction. */
  async append(db: Kysely<Tables>, notices: readonly Notice[]): Promise<void> {
    if (notices.length === 0) return;
    const rows = await db.selectFrom('webhooks').select('body').where('enabled', '=', 1).execute();
    const endpoints = rows.map(({ body }) => JSON.parse(body) as WebhookEndpoint);
    for (const notice of notices) {
      const takers = endpoints.filter(({ events }) => (events as readonly string[]).includes(notice.type));
      if (takers.length === 0) continue; // a number that nobody is told is not used up
      await this.#put(
        db,
        takers.map(({ id }) => id),
        notice,
        notice.at,
      );
    }
  }

  async pending(webhook: WebhookId, limit: number, after = 0): Promise<readonly Delivery[]> {
    const query = selectDeliveries(this.#db)
      .where('webhook', '=', webhook)
      .where('state', '=', 'pending')
      .where('deliveries.sequence', '>', after)
      .orderBy('deliveries.sequence')
      .limit(limit);
    return deliveriesOf(await query.execute());
  }

  async delivery(id: DeliveryId): Promise<Delivery | null> {
    const row = await selectDeliveries(this.#db).where('deliveries.id', '=', id).executeTakeFirst();
    return row === undefined ? null : deliveryOf(row);
  }

  async deliveries({ webhook, state, before, limit }: DeliveryQuery): Promise<readonly Delivery[]> {
    let found = this.#db.selectFrom('deliveries').select('id').where('webhook', '=', webhook).orderBy('id', 'desc').limit(limit);
    if (state !== undefined) found = found.where('state', '=', state);
    if (before !== undefined) found = found.where('id', '<', before);
    // Ids are sorted before the bodies are fetched: a full outbox has many megabytes of those.
    const query = selectDeliveries(this.#db).where('deliveries.id', 'in', found).orderBy('deliveries.id', 'desc');
    return deliveriesOf(await query.execute());
  }

  async attempts(id: DeliveryId): Promise<readonly DeliveryAttempt[]> {
    const rows = await this.#db.selectFrom('delivery_attempts').select('body').where('delivery', '=', id).orderBy('ordinal').execute();
    return rows.map(({ body }) => JSON.parse(body) as DeliveryAttempt);
  }

  async record(delivery: Delivery, attempt: DeliveryAttempt | null, audit?: AuditEntry): Promise<void> {
    if (attempt === null) this.#room.pending.delete(delivery.webhook); // one more may be pending than was counted
    await this.#write(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('deliveries')
        .set(changingOf(delivery))
        .where('id', '=', delivery.id)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      if (attempt !== null) await addAttempt(db, delivery.id, attempt);
      if (delivery.state !== 'pending') await this.#takeRoom(db, delivery.webhook, 'settled');
      if (audit !== undefined) await this.#options.audit.append(db, [audit]);
    });
  }

  async enqueue(webhook: WebhookId, notice: Notice, at: number): Promise<Delivery> {
    return await this.#write(async (db) => {
      const [delivery] = await this.#put(db, [webhook], notice, at);
      if (delivery === undefined) throw new Error('a notice for one endpoint makes one delivery');
      return delivery;
    });
  }

  async giveUp(webhook: WebhookId, at: number): Promise<void> {
    this.#room.settled.delete(webhook);
    const dead = { state: 'dead', next_attempt_at: null, settled_at: at };
    await this.#write((db) =>
      db.updateTable('deliveries').set(dead).where('webhook', '=', webhook).where('state', '=', 'pending').execute(),
    );
  }

  async counts(webhook?: WebhookId): Promise<Readonly<{ pending: number; dead: number; oldestPendingAt: number | null }>> {
    let query = this.#db
      .selectFrom('deliveries')
      .select(({ fn }) => ['state', fn.countAll<number>().as('count'), fn.min('created_at').as('oldest')])
      .where('state', 'in', ['pending', 'dead'])
      .groupBy('state');
    if (webhook !== undefined) query = query.where('webhook', '=', webhook);
    const rows = await query.execute();
    const of = (state: string) => rows.find((row) => row.state === state);
    const oldest = of('pending')?.oldest ?? null;
    return {
      pending: Number(of('pending')?.count ?? 0),
      dead: Number(of('dead')?.count ?? 0),
      oldestPendingAt: oldest === null ? null : Number(oldest),
    };
  }

  async prune(before: number): Promise<void> {
    const doomed = this.#db.selectFrom('deliveries').select('id').where('settled_at', '<', before).limit(PRUNED_AT_ONCE);
    for (;;) {
      const ids = (await doomed.execute()).map(({ id }) => id);
      if (ids.length === 0) return;
      await this.#write(async (db) => {
        await removeDeliveries(db, ids);
        if (ids.length < PRUNED_AT_ONCE) await removeUntold(db);
      });
      if (ids.length < PRUNED_AT_ONCE) return;
    }
  }

  async #put(db: Kysely<Tables>, webhooks: readonly WebhookId[], notice: Notice, at: number): Promise<readonly Delivery[]> {
    const sequence = await raiseCounter(db, 'notices', 1);
    await db
      .insertInto('notices')
      .values({ sequence, type: notice.type, at: notice.at, body: JSON.stringify(notice) })
      .execute();
    const deliveries = webhooks.map((webhook) => newDelivery(webhook, sequence, notice, at));
    await db.insertInto('deliveries').values(deliveries.map(rowOf)).execute();
    for (const webhook of webhooks) await this.#takeRoom(db, webhook, 'pending');
    return deliveries;
  }

  async #takeRoom(db: Kysely<Tables>, webhook: WebhookId, pile: Pile): Promise<void> {
    const room = (this.#room[pile].get(webhook) ?? 0) - 1;
    this.#room[pile].set(webhook, room >= 0 ? room : await this.#makeRoom(db, webhook, pile));
  }

  /** Drops what is too much, and a little more, so that a full pile is not counted with every notice. Returns the room left. */
  async #makeRoom(db: Kysely<Tables>, webhook: WebhookId, pile: Pile): Promise<number> {
    const { logger } = this.#options;
    const cap = this.#options.cap * (pile === 'settled' ? SETTLED_PER_PENDING : 1);
    const states = pile === 'settled' ? ['delivered', 'dead'] : ['pending'];
    const { count } = await db
      .selectFrom('deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('webhook', '=', webhook)
      .where('state', 'in', states)
      .executeTakeFirstOrThrow();
    const surplus = Number(count) - cap;
    if (surplus <= 0) return -surplus;
    const slack = Math.floor(cap / 100);
    const doomed = await db
      .selectFrom('deliveries')
      .innerJoin('notices', 'notices.sequence', 'deliveries.sequence')
      .select(['deliveries.id', 'deliveries.sequence'])
      .where('webhook', '=', webhook)
      .where('state', 'in', states)
      .orderBy(({ eb }) => {
        const isKeptLonger = pile === 'settled' ? eb('state', '=', 'dead') : eb('notices.type', 'in', ENDING_NOTICES);
        return eb.case().when(isKeptLonger).then(1).else(0).end();
      })
      .orderBy('deliveries.sequence')
      .limit(Math.min(surplus + slack, DROPPED_AT_ONCE))
      .execute();
    await removeDeliveries(
      db,
      doomed.map(({ id }) => id),
    );
    await removeUntold(
      db,
      doomed.map(({ sequence }) => sequence),
    );
    if (pile === 'pending')
      logger.warn('the outbox of a webhook is full: its oldest deliveries were dropped', { webhook, dropped: doomed.length });
    return Math.max(0, doomed.length - surplus);
  }

  #write<T>(action: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#options.guard.write(
      async () => 'other',
      () => this.#db.transaction().execute(action),
    );
  }
}

const deliveriesOf = (rows: readonly DeliveryRow[]): readonly Delivery[] => rows.map(deliveryOf);

async function addAttempt(db: Kysely<Tables>, delivery: DeliveryId, attempt: DeliveryAttempt): Promise<void> {
  const last = await db
    .selectFrom('delivery_attempts')
    .select(({ fn }) => fn.max('ordinal').as('ordinal'))
    .where('delivery', '=', delivery)
    .executeTakeFirst();
  const ordinal = Number(last?.ordinal ?? 0) + 1;
  await db
    .insertInto('delivery_attempts')
    .values({ delivery, ordinal, body: JSON.stringify(attempt) })
    .execute();
  await db
    .deleteFrom('delivery_attempts')
    .where('delivery', '=', delivery)
    .where('ordinal', '<=', ordinal - KEPT_ATTEMPTS)
    .execute();
}
