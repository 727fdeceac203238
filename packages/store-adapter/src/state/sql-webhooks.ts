import { type AuditEntry, type Logger, type WebhookEndpoint, type WebhookId, type WebhookStore, webhookId } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { removeUntold } from './delivery-rows.ts';
import type { Sealer } from './sealer.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { WriteGuard } from './write-guard.ts';

/** Each signs, in one header: a hundred rotations of a day would make it longer than receivers take. */
const MOST_SECRETS = 5;

export type WebhooksOptions = Readonly<{ guard: WriteGuard; audit: SqlAudit; sealer: Sealer; logger: Logger }>;

/** {@link WebhookStore} in SQL. A secret is sealed for its endpoint, so that it opens for no other. */
export class SqlWebhooks implements WebhookStore {
  readonly #db: Kysely<Tables>;
  readonly #options: WebhooksOptions;

  constructor(db: Kysely<Tables>, options: WebhooksOptions) {
    this.#db = db;
    this.#options = options;
  }

  async endpoints(): Promise<readonly WebhookEndpoint[]> {
    const rows = await this.#db.selectFrom('webhooks').select('body').orderBy('created_at').orderBy('id').execute();
    return rows.map(({ body }) => JSON.parse(body) as WebhookEndpoint);
  }

  async save(endpoint: WebhookEndpoint, secret: Readonly<{ value: string; oldUntil: number }> | null, audit: AuditEntry): Promise<void> {
    const changing = { enabled: endpoint.enabled ? 1 : 0, body: JSON.stringify(endpoint) };
    await this.#write(async (db) => {
      await db
        .insertInto('webhooks')
        .values({ id: endpoint.id, created_at: endpoint.createdAt, ...changing })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changing))
        .execute();
      if (secret !== null) await this.#addSecret(db, endpoint.id, secret.value, secret.oldUntil, audit.at);
      await this.#options.audit.append(db, [audit]);
    });
  }

  async remove(id: WebhookId, audit: AuditEntry): Promise<void> {
    await this.#write(async (db) => {
      const theirs = db.selectFrom('deliveries').select('id').where('webhook', '=', id);
      await db.deleteFrom('delivery_attempts').where('delivery', 'in', theirs).execute();
      await db.deleteFrom('deliveries').where('webhook', '=', id).execute();
      await db.deleteFrom('webhook_secrets').where('webhook', '=', id).execute();
      await db.deleteFrom('webhooks').where('id', '=', id).execute();
      await removeUntold(db);
      await this.#options.audit.append(db, [audit]);
    });
  }

  async secrets(id: WebhookId, now: number): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('webhook_secrets')
      .selectAll()
      .where('webhook', '=', id)
      .where(({ eb, or }) => or([eb('valid_until', 'is', null), eb('valid_until', '>', now)]))
      .orderBy('ordinal', 'desc')
      .execute();
    return rows.flatMap(({ sealed }) => {
      const secret = this.#options.sealer.open(sealed, contextOf(id));
      if (secret === null)
        this.#options.logger.warn('a webhook secret cannot be opened with the key of this folder', { webhook: webhookId(id) });
      return secret ?? [];
    });
  }

  async #addSecret(db: Kysely<Tables>, webhook: WebhookId, value: string, oldUntil: number, now: number): Promise<void> {
    const theirs = db.selectFrom('webhook_secrets').where('webhook', '=', webhook);
    const newest = await theirs.select(({ fn }) => fn.max('ordinal').as('ordinal')).executeTakeFirst();
    await db.deleteFrom('webhook_secrets').where('webhook', '=', webhook).where('valid_until', '<=', now).execute();
    await db
      .updateTable('webhook_secrets')
      .set({ valid_until: oldUntil })
      .where('webhook', '=', webhook)
      .where('valid_until', 'is', null) // those replaced before that keep their own, earlier end
      .execute();
    const sealed = this.#options.sealer.seal(value, contextOf(webhook));
    const ordinal = Number(newest?.ordinal ?? 0) + 1;
    await db.insertInto('webhook_secrets').values({ webhook, ordinal, sealed, valid_until: null }).execute();
    await db
      .deleteFrom('webhook_secrets')
      .where('webhook', '=', webhook)
      .where('ordinal', '<=', ordinal - MOST_SECRETS)
      .execute();
  }

  #write<T>(action: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#options.guard.write(
      async () => 'other',
      () => this.#db.transaction().execute(action),
    );
  }
}

const contextOf = (webhook: WebhookId): string => `webhook ${webhook}`;
