import type { ClusterKey, MemoryRecord, MemoryRecords, ModelKey } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { WriteGuard } from './write-guard.ts';

/** Records given out, and records kept, of one model on one cluster: simulated ones and real ones share the second. */
const GIVEN = 20;
const KEPT = 50;

/** {@link MemoryRecords} in SQL. */
export class SqlMemoryRecords implements MemoryRecords {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;

  constructor(db: Kysely<Tables>, guard: WriteGuard) {
    this.#db = db;
    this.#guard = guard;
  }

  async save(record: MemoryRecord): Promise<void> {
    const { swap, cluster, model, at } = record;
    const changing = { cluster, model, at, body: JSON.stringify(record) };
    await this.#guard.write(
      async () => 'other',
      () =>
        this.#db.transaction().execute(async (db) => {
          await db
            .insertInto('memory_records')
            .values({ swap, ...changing })
            .onConflict((conflict) => conflict.column('swap').doUpdateSet(changing))
            .execute();
          const kept = latestOf(db, cluster, model).select('swap').limit(KEPT);
          await db
            .deleteFrom('memory_records')
            .where('cluster', '=', cluster)
            .where('model', '=', model)
            .where('swap', 'not in', kept)
            .execute();
        }),
    );
  }

  async latest(cluster: ClusterKey, model: ModelKey, simulated: boolean): Promise<readonly MemoryRecord[]> {
    const rows = await latestOf(this.#db, cluster, model).select('body').limit(KEPT).execute();
    return rows
      .map(({ body }) => JSON.parse(body) as MemoryRecord)
      .filter((record) => record.simulated === simulated)
      .slice(0, GIVEN);
  }
}

/** The id breaks ties: ids of swaps rise. */
const latestOf = (db: Kysely<Tables>, cluster: string, model: string) =>
  db.selectFrom('memory_records').where('cluster', '=', cluster).where('model', '=', model).orderBy('at', 'desc').orderBy('swap', 'desc');
