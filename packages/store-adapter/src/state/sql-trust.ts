import type { AuditEntry, Clock, HostKey, TrustStore } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { WriteGuard } from './write-guard.ts';

type TrustTools = Readonly<{ guard: WriteGuard; audit: SqlAudit; clock: Pick<Clock, 'now'> }>;

/** The schema that brought the table. */
const FIRST_SCHEMA = 4;

/** {@link TrustStore} in SQL. Every connection asks for its pin, so that all of them are held in memory. */
export class SqlTrustStore implements TrustStore {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;
  readonly #audit: SqlAudit;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pins: Map<HostKey, string>;

  private constructor(db: Kysely<Tables>, tools: TrustTools, pins: Map<HostKey, string>) {
    this.#db = db;
    this.#guard = tools.guard;
    this.#audit = tools.audit;
    this.#clock = tools.clock;
    this.#pins = pins;
  }

  /** `schema`: version of the database, which may be one from before there were pins. */
  static async open(db: Kysely<Tables>, tools: TrustTools, schema: number): Promise<SqlTrustStore> {
    if (schema < FIRST_SCHEMA) return new SqlTrustStore(db, tools, new Map());
    const rows = await db.selectFrom('host_pins').select(['host', 'fingerprint']).execute();
    return new SqlTrustStore(db, tools, new Map(rows.map(({ host, fingerprint }) => [host as HostKey, fingerprint])));
  }

  get(host: HostKey): string | null {
    return this.#pins.get(host) ?? null;
  }

  async set(host: HostKey, fingerprint: string, audit: AuditEntry): Promise<void> {
    const changing = { fingerprint, at: this.#clock.now() };
    await this.#guard.write(
      async () => 'other',
      () =>
        this.#db.transaction().execute(async (db) => {
          await db
            .insertInto('host_pins')
            .values({ host, ...changing })
            .onConflict((conflict) => conflict.column('host').doUpdateSet(changing))
            .execute();
          await this.#audit.append(db, [audit]);
        }),
    );
    this.#pins.set(host, fingerprint);
  }
}
