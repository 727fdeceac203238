import {
  type ClusterKey,
  type FenceCounter,
  isSettled,
  type JournalEntry,
  type LoadTime,
  type ModelKey,
  type NumberedEvent,
  type Swap,
  type SwapId,
  type SwapJournal,
  type SwapPhase,
  type SwapQuery,
} from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { raiseCounter } from './counters.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { SqlEventLog } from './sql-event-log.ts';
import type { SqlLeases } from './sql-leases.ts';
import type { SqlOutbox } from './sql-outbox.ts';
import { swapOf } from './stored-swap.ts';
import type { WriteGuard, WritePurpose } from './write-guard.ts';

/** A row of a swap's history, oldest first from {@link SqlJournal.transitions}. Times in ms since the epoch. */
export type TransitionRow = Readonly<{ from: SwapPhase | null; to: SwapPhase; at: number; note: string | null }>;

/** What the journal writes through, inside its own transaction, beside the swaps. */
export type JournalParts = Readonly<{ events: SqlEventLog; leases: SqlLeases; audit: SqlAudit; outbox: SqlOutbox }>;

/** {@link SwapJournal} in SQL. Every entry is one transaction. */
export class SqlJournal implements SwapJournal, FenceCounter {
  readonly #db: Kysely<Tables>;
  readonly #parts: JournalParts;
  readonly #guard: WriteGuard;

  constructor(db: Kysely<Tables>, parts: JournalParts, guard: WriteGuard) {
    this.#db = db;
    this.#parts = parts;
    this.#guard = guard;
  }

  async commit(entry: JournalEntry): Promise<readonly NumberedEvent[]> {
    return await this.#guard.write(
      () => this.#purposeOf(entry),
      () => this.#db.transaction().execute((transaction) => this.#apply(transaction, entry)),
    );
  }

  async get(id: SwapId): Promise<Swap | null> {
    const row = await this.#db.selectFrom('swaps').select('body').where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : swapOf(row);
  }

  async list({ cluster, model, outcome, settled, limit, before }: SwapQuery): Promise<readonly Swap[]> {
    let query = this.#db.selectFrom('swaps').select('body').orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit);
    if (cluster !== undefined) query = query.where('cluster', '=', cluster);
    if (model !== undefined) query = query.where('target', '=', model);
    if (outcome !== undefined) query = query.where('phase', '=', outcome);
    if (settled === true) query = query.where('settled', '=', 1);
    if (before !== undefined) {
      const bound = await this.#db.selectFrom('swaps').select('created_at').where('id', '=', before).executeTakeFirst();
      if (bound === undefined) return [];
      query = query.where(({ and, eb, or }) =>
        or([eb('created_at', '<', bound.created_at), and([eb('created_at', '=', bound.created_at), eb('id', '<', before)])]),
      );
    }
    return (await query.execute()).map(swapOf);
  }

  async unsettled(): Promise<readonly Swap[]> {
    const query = this.#db.selectFrom('swaps').select('body').where('settled', '=', 0).orderBy('created_at').orderBy('id');
    return (await query.execute()).map(swapOf);
  }

  async loadTimes(cluster: ClusterKey, model: ModelKey, simulated: boolean): Promise<readonly number[]> {
    const query = this.#db
      .selectFrom('load_times')
      .select('seconds')
      .where('cluster', '=', cluster)
      .where('model', '=', model)
      .where('simulated', '=', simulated ? 1 : 0)
      .where('succeeded', '=', 1)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(50);
    return (await query.execute()).map(({ seconds }) => seconds);
  }

  async current(cluster: ClusterKey): Promise<number> {
    const row = await this.#db.selectFrom('fences').select('value').where('cluster', '=', cluster).executeTakeFirst();
    return row?.value ?? 0;
  }

  /** The history of one swap, oldest first. */
  async transitions(id: SwapId): Promise<readonly TransitionRow[]> {
    const query = this.#db.selectFrom('transitions').selectAll().where('swap', '=', id).orderBy('ordinal');
    const rows = await query.execute();
    return rows.map((row) => ({ from: row.from_phase as SwapPhase | null, to: row.to_phase as SwapPhase, at: row.at, note: row.note }));
  }

  /** A running swap comes first: with its end, whatever else belongs to it is taken too. */
  async #purposeOf({ swap, lease }: JournalEntry): Promise<WritePurpose> {
    if (swap !== undefined) return (await this.get(swap.id)) === null ? 'begin' : 'continue';
    if (lease === undefined) return 'other';
    return (await this.#parts.leases.knows(lease)) ? 'continue' : 'begin';
  }

  async #apply(db: Kysely<Tables>, entry: JournalEntry): Promise<readonly NumberedEvent[]> {
    const { events, leases, audit, outbox } = this.#parts;
    if (entry.swap !== undefined) await putSwap(db, entry.swap);
    if (entry.transition !== undefined) await addTransition(db, entry.transition);
    if (entry.fence !== undefined) await raiseFence(db, entry.fence);
    if (entry.loadTime !== undefined) await addLoadTime(db, entry.loadTime);
    if (entry.lease !== undefined) await leases.put(db, entry.lease);
    await audit.append(db, entry.audit ?? []);
    await outbox.append(db, entry.notices ?? []);
    return await events.append(db, entry.events ?? []);
  }
}

async function putSwap(db: Kysely<Tables>, swap: Swap): Promise<void> {
  const changing = { phase: swap.phase, settled: isSettled(swap) ? 1 : 0, body: JSON.stringify(swap) };
  await db
    .insertInto('swaps')
    .values({ id: swap.id, cluster: swap.cluster, target: swap.target, created_at: swap.createdAt, ...changing })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changing))
    .execute();
}

async function addTransition(db: Kysely<Tables>, { swap, from, to, at, note }: NonNullable<JournalEntry['transition']>): Promise<void> {
  const last = await db
    .selectFrom('transitions')
    .select(({ fn }) => fn.max('ordinal').as('ordinal'))
    .where('swap', '=', swap)
    .executeTakeFirst();
  const ordinal = Number(last?.ordinal ?? 0) + 1;
  await db.insertInto('transitions').values({ swap, ordinal, from_phase: from, to_phase: to, at, note }).execute();
}

async function raiseFence(db: Kysely<Tables>, { cluster, value }: NonNullable<JournalEntry['fence']>): Promise<void> {
  await db
    .insertInto('fences')
    .values({ cluster, value })
    // Only upwards: a late entry of an older claim must not give its number out again.
    .onConflict((conflict) => conflict.column('cluster').doUpdateSet({ value }).where('fences.value', '<', value))
    .execute();
}

async function addLoadTime(db: Kysely<Tables>, { cluster, model, simulated, seconds, at, succeeded }: LoadTime): Promise<void> {
  const id = await raiseCounter(db, 'load_times', 1);
  await db
    .insertInto('load_times')
    .values({ id, cluster, model, simulated: simulated ? 1 : 0, seconds, at, succeeded: succeeded ? 1 : 0 })
    .execute();
}
