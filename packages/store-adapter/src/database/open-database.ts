import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SparkError } from '@spark-control/core';
import { Kysely } from 'kysely';
import { sqliteDialect } from './dialect.ts';
import { chooseDriver, type SqliteHandle } from './driver.ts';
import { asStoreError, isDiskFull, isLockedOut } from './faults.ts';
import { schemaVersionOf } from './migrate.ts';
import type { Tables } from './tables.ts';

export const DATABASE_FILE = 'spark-control.db';

/** Marks the file as ours (`SpkC`), so that a database of another program is not migrated by mistake. */
const APPLICATION_ID = 0x53706b43;

export type Database = Readonly<{
  handle: SqliteHandle;
  db: Kysely<Tables>;
  path: string;
  /** Library and version, for the log. */
  driver: string;
  close: () => Promise<void>;
}>;

/**
 * Opens the database of a data folder for this process alone. Throws STORE_IN_USE, STORE_NEWER or STORE_UNAVAILABLE,
 * and leaves no handle behind then.
 */
export function openDatabase(folder: string, newestVersion: number): Database {
  const driver = chooseDriver();
  makeFolder(folder);
  const path = join(folder, DATABASE_FILE);
  let opened: SqliteHandle | null = null;
  try {
    const handle = driver.open(path);
    opened = handle;
    prepareHandle(handle, folder, newestVersion);
    const db = new Kysely<Tables>({ dialect: sqliteDialect(handle) });
    return { handle, db, path, driver: `${driver.name} ${driver.version}`, close: () => closeBoth(db, handle) };
  } catch (error) {
    if (opened !== null) letGo(opened);
    if (isLockedOut(error)) {
      const advice = 'Stop that server first, or give this one another folder with SPARK_CONTROL_DATA';
      throw new SparkError('STORE_IN_USE', `Another server uses the data folder ${folder}. ${advice}.`, { cause: error });
    }
    throw asStoreError(error, folder);
  }
}

async function closeBoth(db: Kysely<Tables>, handle: SqliteHandle): Promise<void> {
  await db.destroy();
  if (handle.isOpen) letGo(handle);
}

/**
 * Gives up the lock, then closes. Closing alone is not enough with @photostructure/sqlite: it leaves the connection, and
 * with it the lock, alive until the last statement is garbage-collected, so that nobody in this process could open the
 * folder again. An exclusive lock that came before WAL can only be given up outside WAL.
 */
function letGo(handle: SqliteHandle): void {
  try {
    handle.exec('pragma journal_mode = delete');
    handle.exec('pragma locking_mode = normal');
    handle.exec('select count(*) from sqlite_master');
  } catch {
    // A full or broken disk: the log stays, and the next start reads it. The lock goes with the process at the latest.
  }
  handle.close();
}

function prepareHandle(handle: SqliteHandle, folder: string, newestVersion: number): void {
  handle.exec('pragma busy_timeout = 200'); // a second server should hear "in use" at once, not after seconds
  // Before the first read: the lock taken then is kept until the process ends, however it ends.
  handle.exec('pragma locking_mode = exclusive');
  handle.exec('pragma trusted_schema = off');
  refuseForeign(handle, folder);
  const version = schemaVersionOf(handle);
  if (version > newestVersion) {
    const advice = 'Run that version, or restore an older copy of the folder';
    throw new SparkError(
      'STORE_NEWER',
      `The data folder ${folder} was written by a newer version (schema ${version}, this one knows ${newestVersion}). ${advice}.`,
    );
  }
  enterWal(handle, folder);
  handle.exec('pragma synchronous = full');
  handle.exec('pragma foreign_keys = on');
  handle.exec('pragma busy_timeout = 5000');
}

function enterWal(handle: SqliteHandle, folder: string): void {
  try {
    const { journal_mode: mode } = handle.prepare('pragma journal_mode = wal').get() as { journal_mode: string };
    if (mode === 'wal') return;
  } catch (error) {
    // On a full disk the store has to open for reading. The rollback journal it stays with is as durable, only slower.
    if (isDiskFull(error)) return;
    throw error;
  }
  const advice = 'Use a local disk';
  throw new SparkError('STORE_UNAVAILABLE', `The data folder ${folder} is on a file system that cannot hold a write-ahead log. ${advice}.`);
}

function refuseForeign(handle: SqliteHandle, folder: string): void {
  const { application_id: id } = handle.prepare('pragma application_id').get() as { application_id: number };
  if (id === APPLICATION_ID) return;
  const { tables } = handle.prepare('select count(*) as tables from sqlite_master').get() as { tables: number };
  if (tables > 0) {
    throw new SparkError(
      'STORE_UNAVAILABLE',
      `${join(folder, DATABASE_FILE)} belongs to another program. Move it away or choose another data folder.`,
    );
  }
  handle.exec(`pragma application_id = ${APPLICATION_ID}`);
}

const FOLDER_FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there. Change its owner, or set SPARK_CONTROL_DATA to another folder',
  EPERM: 'this user may not write there. Change its owner, or set SPARK_CONTROL_DATA to another folder',
  EROFS: 'its file system is read-only. Mount it writable, or set SPARK_CONTROL_DATA to another folder',
  ENOTDIR: 'a part of the path is a file. Move that file away, or set SPARK_CONTROL_DATA to another folder',
  EEXIST: 'there is a file of that name. Move that file away, or set SPARK_CONTROL_DATA to another folder',
  ENOENT: 'it cannot be made. Set SPARK_CONTROL_DATA to a folder that can',
  ENOSPC: 'its disk is full. Free some space there',
};

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const explanation = FOLDER_FAULTS[(error as { code?: string }).code ?? ''];
    const why = explanation ?? 'it could not be opened. Check that it exists and can be written';
    throw new SparkError('STORE_UNAVAILABLE', `The data folder ${folder} cannot be used: ${why}.`, { cause: error });
  }
}
