import { createRequire } from 'node:module';
import { SparkError } from '@spark-control/core';

/** The part of `node:sqlite` that we use; `@photostructure/sqlite` has the same shape. */
export interface SqliteHandle {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  all(...parameters: readonly unknown[]): unknown[];
  get(...parameters: readonly unknown[]): unknown;
  run(...parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  columns(): readonly unknown[];
}

export type SqliteDriver = Readonly<{ name: string; version: string; open: (path: string) => SqliteHandle }>;

type SqliteModule = { readonly DatabaseSync: new (path: string) => SqliteHandle };

/** Versions before this one can corrupt a WAL database (the WAL-reset defect of 3.7.0 to 3.51.2). */
export const MINIMUM_SQLITE = '3.51.3';

/** True when `version` is at least `minimum`, both of the form `1.2.3`. */
export function isAtLeast(version: string, minimum: string): boolean {
  const parts = (text: string): number[] => text.split('.').map(Number);
  const wanted = parts(minimum);
  for (const [index, part] of parts(version).entries()) {
    const difference = part - (wanted[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const require = createRequire(import.meta.url);

const load: Readonly<Record<string, () => SqliteModule | undefined>> = {
  // Not an import: Node 20 has no such module, and bundlers would try to find it.
  'node:sqlite': () => process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as SqliteModule | undefined,
  '@photostructure/sqlite': () => require('@photostructure/sqlite') as SqliteModule,
};

/** Takes the first of the two drivers that is present and new enough. Throws STORE_UNAVAILABLE when neither is. */
export function chooseDriver(minimum: string = MINIMUM_SQLITE): SqliteDriver {
  const found: string[] = [];
  for (const [name, loadModule] of Object.entries(load)) {
    const driver = inspect(name, loadModule);
    if (driver === null) continue;
    if (isAtLeast(driver.version, minimum)) return driver;
    found.push(`${name} has ${driver.version}`);
  }
  const seen = found.length === 0 ? 'none was found' : found.join(', ');
  throw new SparkError(
    'STORE_UNAVAILABLE',
    `SQLite ${minimum} or later is needed, and ${seen}. Install the dependencies again, or use a newer Node.`,
  );
}

function inspect(name: string, loadModule: () => SqliteModule | undefined): SqliteDriver | null {
  try {
    const loaded = loadModule();
    if (loaded === undefined) return null;
    const { DatabaseSync } = loaded;
    const probe = new DatabaseSync(':memory:');
    const { version } = probe.prepare('select sqlite_version() as version').get() as { version: string };
    probe.close();
    return { name, version, open: (path) => new DatabaseSync(path) };
  } catch {
    return null; // not built for this platform: the other driver may be
  }
}
