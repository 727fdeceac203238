import type { AuditEntry, Automation, AutomationId, AutomationRun, AutomationStore, Notice, RunQuery } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { SqlOutbox } from './sql-outbox.ts';
import type { WriteGuard } from './write-guard.ts';

/** Runs kept of each automation, at least. */
const KEPT_RUNS = 1_000;

export type AutomationsOptions = Readonly<{ guard: WriteGuard; audit: SqlAudit; outbox: SqlOutbox }>;

/** {@link AutomationStore} in SQL. That a moment has one run is held by a unique index. */
export class SqlAutomations implements AutomationStore {
  readonly #db: Kysely<Tables>;
  readonly #options: AutomationsOptions;

  constructor(db: Kysely<Tables>, options: AutomationsOptions) {
    this.#db = db;
    this.#options = options;
  }

  async list(): Promise<readonly Automation[]> {
    const rows = await this.#db.selectFrom('automations').select('body').orderBy('created_at').orderBy('id').execute();
    return rows.map(({ body }) => JSON.parse(body) as Automation);
  }

  async save(automation: Automation, audit: AuditEntry): Promise<void> {
    const body = JSON.stringify(automation);
    await this.#write(async (db) => {
      await db
        .insertInto('automations')
        .values({ id: automation.id, created_at: automation.createdAt, evaluated_until: null, body })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ body }))
        .execute();
      await this.#options.audit.append(db, [audit]);
    });
  }

  async remove(id: AutomationId, audit: AuditEntry): Promise<void> {
    await this.#write(async (db) => {
      await db.deleteFrom('automation_runs').where('automation', '=', id).execute();
      await db.deleteFrom('automations').where('id', '=', id).execute();
      await this.#options.audit.append(db, [audit]);
    });
  }

  async begin(run: AutomationRun, audit?: AuditEntry): Promise<boolean> {
    const { id, automation, scheduledFor: scheduled_for } = run;
    return await this.#write(async (db) => {
      const begun = await db
        .insertInto('automation_runs')
        .values({ id, automation, scheduled_for, ...changingOf(run) })
        .onConflict((conflict) => conflict.columns(['automation', 'scheduled_for']).doNothing())
        .returning('id')
        .executeTakeFirst();
      if (begun === undefined) return false;
      await prune(db, automation);
      if (audit !== undefined) await this.#options.audit.append(db, [audit]);
      return true;
    });
  }

  async attach(run: AutomationRun): Promise<void> {
    await this.#write((db) => db.updateTable('automation_runs').set(changingOf(run)).where('id', '=', run.id).execute());
  }

  async finish(run: AutomationRun, notice: Notice | null): Promise<void> {
    await this.#write(async (db) => {
      await db.updateTable('automation_runs').set(changingOf(run)).where('id', '=', run.id).execute();
      // Also of an automation that was removed meanwhile: who waits for its end is told.
      if (notice !== null) await this.#options.outbox.append(db, [notice]);
    });
  }

  async runs({ automation, before, limit }: RunQuery): Promise<readonly AutomationRun[]> {
    let query = this.#db
      .selectFrom('automation_runs')
      .select('body')
      .where('automation', '=', automation)
      .orderBy('id', 'desc')
      .limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(runOf);
  }

  async unsettled(): Promise<readonly AutomationRun[]> {
    return (await this.#db.selectFrom('automation_runs').select('body').where('settled', '=', 0).orderBy('id').execute()).map(runOf);
  }

  async evaluatedUntil(id: AutomationId): Promise<number | null> {
    const row = await this.#db.selectFrom('automations').select('evaluated_until').where('id', '=', id).executeTakeFirst();
    return row?.evaluated_until ?? null;
  }

  async setEvaluatedUntil(id: AutomationId, at: number): Promise<void> {
    await this.#write((db) => db.updateTable('automations').set({ evaluated_until: at }).where('id', '=', id).execute());
  }

  #write<T>(action: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#options.guard.write(
      async () => 'other',
      () => this.#db.transaction().execute(action),
    );
  }
}

const runOf = ({ body }: Readonly<{ body: string }>): AutomationRun => JSON.parse(body) as AutomationRun;
const changingOf = (run: AutomationRun) => ({ settled: run.settledAt === null ? 0 : 1, body: JSON.stringify(run) });

/** Forgets the oldest runs; one that has not settled stays, whatever its age. */
async function prune(db: Kysely<Tables>, automation: AutomationId): Promise<void> {
  const runs = db.selectFrom('automation_runs').select('id').where('automation', '=', automation);
  const oldest = await runs.orderBy('id', 'desc').limit(1).offset(KEPT_RUNS).executeTakeFirst();
  if (oldest === undefined) return;
  await db
    .deleteFrom('automation_runs')
    .where('automation', '=', automation)
    .where('id', '<=', oldest.id)
    .where('settled', '=', 1)
    .execute();
}
