import { renameSync, rmSync } from 'node:fs';
import { type Kysely, sql } from 'kysely';
import type { SqliteHandle } from './driver.ts';
import { type Migration, SQLITE_WORDS } from './migrations.ts';
import type { Tables } from './tables.ts';

export const schemaVersionOf = (handle: SqliteHandle): number =>
  (handle.prepare('pragma user_version').get() as { user_version: number }).user_version;

/**
 * Brings the database to the newest schema, each migration in a transaction of its own. An existing file is copied to
 * `<file>.before-v<N>` first. Returns the versions applied.
 */
export async function migrate(
  database: Readonly<{ handle: SqliteHandle; db: Kysely<Tables>; path: string }>,
  migrations: readonly Migration[],
  now: number,
): Promise<readonly number[]> {
  const { handle, db, path } = database;
  const current = schemaVersionOf(handle);
  const missing = migrations.filter(({ version }) => version > current);
  const first = missing[0];
  if (first === undefined) return [];
  if (current > 0) copyBefore(handle, path, first.version);
  for (const { version, name, up } of missing) {
    await db.transaction().execute(async (transaction) => {
      await up(transaction, SQLITE_WORDS);
      await sql`create table if not exists migrations (version integer primary key not null, name text not null, applied_at integer not null) strict`.execute(
        transaction,
      );
      await transaction.insertInto('migrations').values({ version, name, applied_at: now }).execute();
      // Pragmas take no parameters; the version is a number from our own list. It is part of the transaction.
      await sql.raw(`pragma user_version = ${version}`).execute(transaction);
    });
  }
  return missing.map(({ version }) => version);
}

/** Copied by SQLite itself: opening the live file through `fs` and closing it again would drop this process's lock on it. */
function copyBefore(handle: SqliteHandle, path: string, version: number): void {
  const copy = `${path}.before-v${version}`;
  rmSync(`${copy}.part`, { force: true });
  handle.prepare('vacuum into ?').run(`${copy}.part`);
  renameSync(`${copy}.part`, copy);
}
