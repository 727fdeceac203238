import type { Actor, AuditAction, AuditEntry, CatalogRevision, Clock, ModelKey, RawEntry } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { CatalogLedger, LedgerRow, LedgerState, ModelState } from '../config/catalog-ledger.ts';
import type { Tables } from '../database/tables.ts';
import { raiseCounter, readCounter } from './counters.ts';
import type { Sealer } from './sealer.ts';
import type { SqlAudit } from './sql-audit.ts';
import type { WriteGuard } from './write-guard.ts';

/** `state` holds what an entry may hold, secrets in the clear among it: it is sealed. `null`: the model is gone. */
type Body = Readonly<{ action: CatalogRevision['action']; actor: string; diff: CatalogRevision['diff']; state: string | null }>;

type Row = Tables['catalog_revisions'];

const AUDITED: Readonly<Record<CatalogRevision['action'], AuditAction>> = {
  created: 'model_created',
  changed: 'model_changed',
  removed: 'model_removed',
  reverted: 'model_reverted',
  external: 'model_changed',
};

/** `kept`: revisions of one model that are kept. */
type Tools = Readonly<{ guard: WriteGuard; audit: SqlAudit; sealer: Sealer; clock: Pick<Clock, 'now'>; kept: number }>;

/** {@link CatalogLedger} in SQL. The counter of revisions outlives the rows. */
export class SqlCatalogHistory implements CatalogLedger {
  readonly #db: Kysely<Tables>;
  readonly #tools: Tools;

  constructor(db: Kysely<Tables>, tools: Tools) {
    this.#db = db;
    this.#tools = tools;
  }

  async ready(): Promise<void> {
    await this.#tools.guard.check();
  }

  async last(): Promise<LedgerState> {
    const revision = await readCounter(this.#db, 'catalog');
    const newest = this.#db
      .selectFrom('catalog_revisions')
      .select(({ fn }) => ['model as newest_of', fn.max('revision').as('newest')])
      .groupBy('model')
      .as('newest');
    const rows = await this.#db
      .selectFrom('catalog_revisions')
      .innerJoin(newest, (join) =>
        join.onRef('newest.newest_of', '=', 'catalog_revisions.model').onRef('newest.newest', '=', 'catalog_revisions.revision'),
      )
      .selectAll('catalog_revisions')
      .execute();
    const models = rows.flatMap((row): [string, ModelState][] => {
      const state = this.#stateOf(row);
      return state === null ? [] : [[row.model, state]];
    });
    return { revision, models: new Map(models) };
  }

  async record(rows: readonly LedgerRow[], actor: Actor): Promise<number> {
    const at = this.#tools.clock.now();
    return await this.#tools.guard.write(
      async () => 'other',
      () =>
        this.#db.transaction().execute(async (db) => {
          const revision = await raiseCounter(db, 'catalog', 1);
          const values = rows.map((row) => this.#rowOf(row, revision, at, actor));
          // One statement takes about thirty thousand values, and somebody may have a large catalog.
          for (let first = 0; first < values.length; first += 1_000) {
            await db
              .insertInto('catalog_revisions')
              .values(values.slice(first, first + 1_000))
              .execute();
          }
          // No model has more revisions than there are.
          if (revision > this.#tools.kept) for (const { model } of rows) await this.#prune(db, model);
          if (revision > 1)
            await this.#tools.audit.append(
              db,
              rows.map((row) => auditOf(row, revision, at, actor)),
            );
          return revision;
        }),
    );
  }

  async history(model: ModelKey, limit: number): Promise<readonly CatalogRevision[]> {
    const rows = await this.#db
      .selectFrom('catalog_revisions')
      .selectAll()
      .where('model', '=', model)
      .orderBy('revision', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ revision, at, body }) => {
      const { action, actor, diff } = JSON.parse(body) as Body;
      return { revision, model, at, actor, action, diff };
    });
  }

  async entryAt(model: ModelKey, revision: number): Promise<RawEntry | null> {
    const row = await this.#db
      .selectFrom('catalog_revisions')
      .selectAll()
      .where('model', '=', model)
      .where('revision', '<=', revision)
      .orderBy('revision', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? null : (this.#stateOf(row)?.entry ?? null);
  }

  /** Forgets the oldest of a model: a program may save the files all day long. The newest says how the model stands, and stays. */
  async #prune(db: Kysely<Tables>, model: string): Promise<void> {
    const own = db.selectFrom('catalog_revisions').select('revision').where('model', '=', model);
    const oldest = await own.orderBy('revision', 'desc').limit(1).offset(Math.max(1, this.#tools.kept)).executeTakeFirst();
    if (oldest === undefined) return;
    await db.deleteFrom('catalog_revisions').where('model', '=', model).where('revision', '<=', oldest.revision).execute();
  }

  #rowOf({ model, action, diff, after }: LedgerRow, revision: number, at: number, actor: Actor): Row {
    const state = after === null ? null : this.#tools.sealer.seal(JSON.stringify(after), contextOf(model, revision));
    const body: Body = { action, actor: actor.name, diff, state };
    return { revision, model, at, body: JSON.stringify(body) };
  }

  /** `null` also when the key of the data folder was lost: then the model counts as new, and nothing older can be brought back. */
  #stateOf({ model, revision, body }: Row): ModelState | null {
    const { state } = JSON.parse(body) as Body;
    const clear = state === null ? null : this.#tools.sealer.open(state, contextOf(model, revision));
    return clear === null ? null : (JSON.parse(clear) as ModelState);
  }
}

const contextOf = (model: string, revision: number): string => `catalog ${model} ${revision}`;

/** The diff is left to the history: an entry of the trail is one line. */
function auditOf({ model, action, diff, after }: LedgerRow, revision: number, at: number, actor: Actor): AuditEntry {
  const kind = action === 'external' && after === null ? 'model_removed' : AUDITED[action];
  const fields = diff.length === 0 ? '' : `: ${diff.map(({ path }) => path.slice(1)).join(', ')}`;
  return { at, actor, action: kind, cluster: null, target: model, fence: null, note: `revision ${revision}${fields}`.slice(0, 500) };
}
