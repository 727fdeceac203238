import type { AuditEntry, Schedule, ScheduleKey, ScheduleStore } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { WriteGuard } from './write-guard.ts';

/** {@link ScheduleStore} in SQL. */
export class SqlSchedules implements ScheduleStore {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;
  readonly #audit: SqlAudit;

  constructor(db: Kysely<Tables>, guard: WriteGuard, audit: SqlAudit) {
    this.#db = db;
    this.#guard = guard;
    this.#audit = audit;
  }

  async list(): Promise<readonly Schedule[]> {
    const rows = await this.#db.selectFrom('schedules').select('body').orderBy('id').execute();
    return rows.map(({ body }) => JSON.parse(body) as Schedule);
  }

  async get(id: ScheduleKey): Promise<Schedule | null> {
    const row = await this.#db.selectFrom('schedules').select('body').where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : (JSON.parse(row.body) as Schedule);
  }

  async save(schedule: Schedule, audit: AuditEntry | null): Promise<void> {
    const changing = { created_at: schedule.createdAt, body: JSON.stringify(schedule) };
    await this.#write(async (db) => {
      await db
        .insertInto('schedules')
        .values({ id: schedule.id, ...changing })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changing))
        .execute();
      if (audit !== null) await this.#audit.append(db, [audit]);
    });
  }

  async remove(id: ScheduleKey, audit: AuditEntry): Promise<void> {
    await this.#write(async (db) => {
      await db.deleteFrom('schedules').where('id', '=', id).execute();
      await this.#audit.append(db, [audit]);
    });
  }

  #write(action: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
    return this.#guard.write(
      async () => 'other',
      () => this.#db.transaction().execute(action),
    );
  }
}
