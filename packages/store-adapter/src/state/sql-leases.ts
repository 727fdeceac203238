import type { ClusterKey, Lease, LeaseStore } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';

/** How long an ended lease is remembered, so that a late caller learns how its lock ended. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/** {@link LeaseStore} in SQL, with the writing side that the journal uses inside its transaction. */
export class SqlLeases implements LeaseStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async leases(cluster: ClusterKey, since: number): Promise<readonly Lease[]> {
    const query = this.#db
      .selectFrom('leases')
      .select('body')
      .where('cluster', '=', cluster)
      .where(({ eb, or }) => or([eb('ended_at', 'is', null), eb('ended_at', '>=', since)]))
      .orderBy('fence');
    return (await query.execute()).map(({ body }) => JSON.parse(body) as Lease);
  }

  /** Whether a lease of this cluster and fence was stored before. */
  async knows({ cluster, fence }: Lease): Promise<boolean> {
    const query = this.#db.selectFrom('leases').select('fence').where('cluster', '=', cluster).where('fence', '=', fence);
    return (await query.executeTakeFirst()) !== undefined;
  }

  /** Stores `lease` inside the caller's transaction. The first time, leases that ended long before it was acquired are forgotten. */
  async put(db: Kysely<Tables>, lease: Lease): Promise<void> {
    const { cluster, fence, acquiredAt, ended } = lease;
    const changing = { ended_at: ended?.at ?? null, body: JSON.stringify(lease) };
    const updated = await db
      .updateTable('leases')
      .set(changing)
      .where('cluster', '=', cluster)
      .where('fence', '=', fence)
      .executeTakeFirst();
    if (updated.numUpdatedRows > 0n) return;
    await db
      .insertInto('leases')
      .values({ cluster, fence, ...changing })
      .execute();
    await db
      .deleteFrom('leases')
      .where('ended_at', '<', acquiredAt - KEPT_MS)
      .execute();
  }
}
