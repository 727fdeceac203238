import { type Kysely, sql } from 'kysely';
import { createCoordination } from './coordination-tables.ts';
import { createOperations } from './operation-tables.ts';
import type { Tables } from './tables.ts';

/** What differs between the databases when tables are made. */
export type DialectWords = Readonly<{ int: 'integer' | 'bigint'; real: 'real' | 'double precision'; tableEnd: string }>;

/** `integer` of PostgreSQL has 32 bits, too few for ms since the epoch; STRICT tables of SQLite do not know `bigint`. */
export const SQLITE_WORDS: DialectWords = { int: 'integer', real: 'real', tableEnd: 'strict' };

export type Migration = Readonly<{ version: number; name: string; up: (db: Kysely<Tables>, words: DialectWords) => Promise<void> }>;

/** All migrations, oldest first, versions without holes. A released one is never changed: add another. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'journal, events, fences and answers', up: createJournal },
  { version: 2, name: 'load times of a simulation apart from real ones', up: markSimulatedLoads },
  { version: 3, name: 'leases, audit, webhooks, schedules and automations', up: createCoordination },
  { version: 4, name: 'operations, catalog history, memory records and host pins', up: createOperations },
];

async function createJournal(db: Kysely<Tables>, { int, real, tableEnd }: DialectWords): Promise<void> {
  const end = sql.raw(tableEnd);
  const { schema } = db;
  const counted = (table: string) =>
    schema
      .createTable(table)
      .modifyEnd(end)
      .addColumn('id', int, (column) => column.primaryKey().notNull());

  await schema
    .createTable('meta')
    .modifyEnd(end)
    .addColumn('name', 'text', (c) => c.primaryKey().notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('counters')
    .modifyEnd(end)
    .addColumn('name', 'text', (c) => c.primaryKey().notNull())
    .addColumn('value', int, (c) => c.notNull())
    .execute();
  await schema
    .createTable('fences')
    .modifyEnd(end)
    .addColumn('cluster', 'text', (c) => c.primaryKey().notNull())
    .addColumn('value', int, (c) => c.notNull())
    .execute();

  await schema
    .createTable('swaps')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('cluster', 'text', (c) => c.notNull())
    .addColumn('target', 'text')
    .addColumn('phase', 'text', (c) => c.notNull())
    .addColumn('settled', int, (c) => c.notNull())
    .addColumn('created_at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('swaps_by_age').on('swaps').columns(['created_at', 'id']).execute();
  await schema.createIndex('swaps_by_state').on('swaps').columns(['settled', 'created_at']).execute();

  await schema
    .createTable('transitions')
    .modifyEnd(end)
    .addColumn('swap', 'text', (c) => c.notNull())
    .addColumn('ordinal', int, (c) => c.notNull())
    .addColumn('from_phase', 'text')
    .addColumn('to_phase', 'text', (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('transitions_key', ['swap', 'ordinal'])
    .execute();

  await counted('events')
    .addColumn('swap', 'text')
    .addColumn('worth', int, (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('events_by_swap').on('events').columns(['swap', 'id']).execute();
  await schema.createIndex('events_by_worth').on('events').columns(['worth', 'id']).execute();

  await counted('load_times')
    .addColumn('cluster', 'text', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('seconds', real === 'real' ? 'real' : 'double precision', (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('succeeded', int, (c) => c.notNull())
    .execute();
  await schema.createIndex('load_times_by_model').on('load_times').columns(['cluster', 'model', 'at']).execute();

  await schema
    .createTable('answers')
    .modifyEnd(end)
    .addColumn('key', 'text', (c) => c.primaryKey().notNull())
    .addColumn('body_hash', 'text', (c) => c.notNull())
    .addColumn('answer', 'text')
    .addColumn('expires_at', int, (c) => c.notNull())
    .execute();
  await schema.createIndex('answers_by_expiry').on('answers').columns(['expires_at']).execute();
}

/** A load time has the moment at which its swap settled: so the older rows learn from the swaps whether they were simulated. */
async function markSimulatedLoads(db: Kysely<Tables>, { int }: DialectWords): Promise<void> {
  await db.schema
    .alterTable('load_times')
    .addColumn('simulated', int, (column) => column.notNull().defaultTo(0))
    .execute();
  const swaps = await db.selectFrom('swaps').select(['cluster', 'body']).where('settled', '=', 1).execute();
  for (const { cluster, body } of swaps) {
    const { simulated, settledAt } = JSON.parse(body) as { simulated?: boolean; settledAt?: number | null };
    if (simulated !== true || settledAt == null) continue;
    await db.updateTable('load_times').set({ simulated: 1 }).where('cluster', '=', cluster).where('at', '=', settledAt).execute();
  }
}
