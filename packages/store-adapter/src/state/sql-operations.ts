import type { AuditEntry, Operation, OperationId, OperationQuery, OperationStore, StoredOperation } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { WriteGuard, WritePurpose } from './write-guard.ts';

/** Settled operations kept, at least. */
const KEPT = 1_000;

/** What the next process needs beside the operation itself. */
type Request = Pick<StoredOperation, 'input' | 'exclusive'>;

/** {@link OperationStore} in SQL. */
export class SqlOperations implements OperationStore {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;
  readonly #audit: SqlAudit;

  constructor(db: Kysely<Tables>, guard: WriteGuard, audit: SqlAudit) {
    this.#db = db;
    this.#guard = guard;
    this.#audit = audit;
  }

  async save({ operation, input, exclusive }: StoredOperation, audit?: AuditEntry): Promise<void> {
    const { id, kind, subject, state, createdAt: created_at } = operation;
    const request: Request = { input, exclusive };
    const changing = { state, body: JSON.stringify(operation) };
    await this.#guard.write(
      () => this.#purposeOf(id),
      () =>
        this.#db.transaction().execute(async (db) => {
          await db
            .insertInto('operations')
            .values({ id, kind, subject, created_at, input: JSON.stringify(request), ...changing })
            .onConflict((conflict) => conflict.column('id').doUpdateSet(changing))
            .execute();
          if (audit !== undefined) await this.#audit.append(db, [audit]);
          if (state !== 'running') await prune(db);
        }),
    );
  }

  async get(id: OperationId): Promise<Operation | null> {
    const row = await this.#db.selectFrom('operations').select('body').where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : operationOf(row);
  }

  async list({ kind, subject, state, before, limit }: OperationQuery): Promise<readonly Operation[]> {
    let query = this.#db.selectFrom('operations').select('body').orderBy('id', 'desc').limit(limit);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (state !== undefined) query = query.where('state', '=', state);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(operationOf);
  }

  async unsettled(): Promise<readonly StoredOperation[]> {
    const rows = await this.#db.selectFrom('operations').select(['body', 'input']).where('state', '=', 'running').orderBy('id').execute();
    return rows.map(({ body, input }) => ({ operation: operationOf({ body }), ...(JSON.parse(input) as Request) }));
  }

  /** On a full disk nothing new is begun, and what runs on hosts is written down to its end. */
  async #purposeOf(id: OperationId): Promise<WritePurpose> {
    return (await this.get(id)) === null ? 'begin' : 'continue';
  }
}

const operationOf = ({ body }: Readonly<{ body: string }>): Operation => JSON.parse(body) as Operation;

/** Forgets the oldest; one that still runs stays, whatever its age. */
async function prune(db: Kysely<Tables>): Promise<void> {
  const settled = db.selectFrom('operations').select('id').where('state', '!=', 'running');
  const oldest = await settled.orderBy('id', 'desc').limit(1).offset(KEPT).executeTakeFirst();
  if (oldest === undefined) return;
  await db.deleteFrom('operations').where('id', '<=', oldest.id).where('state', '!=', 'running').execute();
}
