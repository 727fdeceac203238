import type { Clock, HostKey, TrustStore } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { WriteGuard } from './write-guard.ts';

/** {@link TrustStore} in SQL. Every connection asks for its pin, so that all of them are held in memory. */
export class SqlTrustStore implements TrustStore {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pins: Map<HostKey, string>;

  private constructor(db: Kysely<Tables>, guard: WriteGuard, clock: Pick<Clock, 'now'>, pins: Map<HostKey, string>) {
    this.#db = db;
    this.#guard = guard;
    this.#clock = clock;
    this.#pins = pins;
  }

  static async open(db: Kysely<Tables>, guard: WriteGuard, clock: Pick<Clock, 'now'>): Promise<SqlTrustStore> {
    const rows = await db.selectFrom('host_pins').select(['host', 'fingerprint']).execute();
    return new SqlTrustStore(db, guard, clock, new Map(rows.map(({ host, fingerprint }) => [host as HostKey, fingerprint])));
  }

  get(host: HostKey): string | null {
    return this.#pins.get(host) ?? null;
  }

  async set(host: HostKey, fingerprint: string): Promise<void> {
    const changing = { fingerprint, at: this.#clock.now() };
    await this.#guard.write(
      async () => 'other',
      () =>
        this.#db
          .insertInto('host_pins')
          .values({ host, ...changing })
          .onConflict((conflict) => conflict.column('host').doUpdateSet(changing))
          .execute(),
    );
    this.#pins.set(host, fingerprint);
  }
}
