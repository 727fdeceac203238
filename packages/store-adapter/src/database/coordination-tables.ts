import { type Kysely, sql } from 'kysely';
import type { DialectWords } from './migrations.ts';
import type { Tables } from './tables.ts';

/** Tables of version 3: who holds what, what was done, what is told to whom, and what is planned. */
export async function createCoordination(db: Kysely<Tables>, words: DialectWords): Promise<void> {
  await createLeases(db, words);
  await createWebhooks(db, words);
  await createPlans(db, words);
}

async function createLeases({ schema }: Kysely<Tables>, { int, tableEnd }: DialectWords): Promise<void> {
  await schema
    .createTable('leases')
    .modifyEnd(sql.raw(tableEnd))
    .addColumn('cluster', 'text', (c) => c.notNull())
    .addColumn('fence', int, (c) => c.notNull())
    .addColumn('ended_at', int)
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('leases_key', ['cluster', 'fence'])
    .execute();
  // Every grant forgets what ended long ago: jobs that lock by the second leave many.
  await schema.createIndex('leases_by_end').on('leases').columns(['ended_at']).execute();
  await schema
    .createTable('audit')
    .modifyEnd(sql.raw(tableEnd))
    .addColumn('id', int, (c) => c.primaryKey().notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('cluster', 'text')
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
}

async function createWebhooks({ schema }: Kysely<Tables>, { int, tableEnd }: DialectWords): Promise<void> {
  const end = sql.raw(tableEnd);
  await schema
    .createTable('webhooks')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('created_at', int, (c) => c.notNull())
    .addColumn('enabled', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('webhook_secrets')
    .modifyEnd(end)
    .addColumn('webhook', 'text', (c) => c.notNull())
    .addColumn('ordinal', int, (c) => c.notNull())
    .addColumn('sealed', 'text', (c) => c.notNull())
    .addColumn('valid_until', int)
    .addPrimaryKeyConstraint('webhook_secrets_key', ['webhook', 'ordinal'])
    .execute();
  await schema
    .createTable('notices')
    .modifyEnd(end)
    .addColumn('sequence', int, (c) => c.primaryKey().notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('deliveries')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('webhook', 'text', (c) => c.notNull())
    .addColumn('sequence', int, (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('next_attempt_at', int)
    .addColumn('created_at', int, (c) => c.notNull())
    .addColumn('settled_at', int)
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('deliveries_by_state').on('deliveries').columns(['webhook', 'state', 'sequence']).execute();
  await schema.createIndex('deliveries_by_sequence').on('deliveries').columns(['sequence']).execute();
  await schema
    .createTable('delivery_attempts')
    .modifyEnd(end)
    .addColumn('delivery', 'text', (c) => c.notNull())
    .addColumn('ordinal', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('delivery_attempts_key', ['delivery', 'ordinal'])
    .execute();
}

async function createPlans({ schema }: Kysely<Tables>, { int, tableEnd }: DialectWords): Promise<void> {
  const end = sql.raw(tableEnd);
  await schema
    .createTable('schedules')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('created_at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('automations')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('created_at', int, (c) => c.notNull())
    .addColumn('evaluated_until', int)
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('automation_runs')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('automation', 'text', (c) => c.notNull())
    .addColumn('scheduled_for', int)
    .addColumn('settled', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  // Nulls differ from each other in both dialects: runs by hand may be as many as people like.
  await schema.createIndex('runs_once').unique().on('automation_runs').columns(['automation', 'scheduled_for']).execute();
}
