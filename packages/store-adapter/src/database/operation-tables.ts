import { type Kysely, sql } from 'kysely';
import type { DialectWords } from './migrations.ts';
import type { Tables } from './tables.ts';

/** Tables of version 4: long work, what became of the catalog, what loads took of the memory, and which hosts are trusted. */
export async function createOperations({ schema }: Kysely<Tables>, { int, tableEnd }: DialectWords): Promise<void> {
  const end = sql.raw(tableEnd);
  await schema
    .createTable('operations')
    .modifyEnd(end)
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('input', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('operations_by_state').on('operations').columns(['state', 'id']).execute();
  // One row per model and revision: an edit by hand may change several models at once.
  await schema
    .createTable('catalog_revisions')
    .modifyEnd(end)
    .addColumn('revision', int, (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('catalog_revisions_key', ['revision', 'model'])
    .execute();
  await schema.createIndex('catalog_revisions_by_model').on('catalog_revisions').columns(['model', 'revision']).execute();
  await schema
    .createTable('memory_records')
    .modifyEnd(end)
    .addColumn('swap', 'text', (c) => c.primaryKey().notNull())
    .addColumn('cluster', 'text', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('memory_records_by_model').on('memory_records').columns(['cluster', 'model', 'at']).execute();
  await schema
    .createTable('host_pins')
    .modifyEnd(end)
    .addColumn('host', 'text', (c) => c.primaryKey().notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('at', int, (c) => c.notNull())
    .execute();
}
