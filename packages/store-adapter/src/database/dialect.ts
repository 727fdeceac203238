import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { SqliteHandle, SqliteStatement } from './driver.ts';

/**
 * Kysely over one open {@link SqliteHandle}. Queries and transactions take turns on the single connection. The handle
 * stays open when Kysely is destroyed: whoever opened it closes it.
 */
export function sqliteDialect(handle: SqliteHandle): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SingleConnectionDriver(handle),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SingleConnectionDriver implements Driver {
  // A long-lived field on purpose: a statement of @photostructure/sqlite does not keep its database from being collected.
  readonly #handle: SqliteHandle;
  readonly #connection: HandleConnection;
  #lastTurn: Promise<void> = Promise.resolve();
  #endTurn: () => void = () => {};

  constructor(handle: SqliteHandle) {
    this.#handle = handle;
    this.#connection = new HandleConnection(handle);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#lastTurn;
    let end = (): void => {};
    this.#lastTurn = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    this.#endTurn = end;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#endTurn();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // SQLite itself rolls back on a full disk and on I/O errors; a second rollback would hide the real error.
    if (this.#handle.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    this.#connection.forget();
  }
}

type Prepared = Readonly<{ statement: SqliteStatement; returnsRows: boolean }>;

const KEPT_STATEMENTS = 100;

class HandleConnection implements DatabaseConnection {
  readonly #handle: SqliteHandle;
  readonly #prepared = new Map<string, Prepared>();

  constructor(handle: SqliteHandle) {
    this.#handle = handle;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, returnsRows } = this.#prepare(sql);
    if (returnsRows) return { rows: statement.all(...parameters) as R[] };
    const { changes } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  forget(): void {
    this.#prepared.clear();
  }

  /** Statements are kept because they hold memory outside of the heap, which the collector does not see growing. */
  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#handle.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (this.#prepared.size >= KEPT_STATEMENTS) this.#prepared.clear();
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  // biome-ignore lint/correctness/useYield: one connection is shared by all, so a half-read cursor would block every write
  async *streamQuery(): AsyncGenerator<never> {
    throw new RangeError('the SQLite store does not stream rows');
  }
}
