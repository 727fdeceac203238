import { createHash } from 'node:crypto';
import { type AuditEntry, type AuditLog, type AuditQuery, canonicalJson, type NumberedAuditEntry } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { raiseCounter, readCounter } from './counters.ts';

/** Rows read at a time while the whole chain is walked. */
const PAGE = 1_000;

/**
 * {@link AuditLog} in SQL, with the writing side for whoever changes something: entries go into the same transaction. Each
 * row's hash covers the hash before it, so that whoever edits the database has to rewrite everything that came later.
 */
export class SqlAudit implements AuditLog {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async list({ cluster, action, before, limit }: AuditQuery): Promise<readonly NumberedAuditEntry[]> {
    let query = this.#db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit);
    if (cluster !== undefined) query = query.where('cluster', '=', cluster);
    if (action !== undefined) query = query.where('action', '=', action);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(({ id, body, hash }) => ({ ...(JSON.parse(body) as AuditEntry), id, hash }));
  }

  async verify(): Promise<Readonly<{ entries: number; firstBroken: number | null }>> {
    const newest = await readCounter(this.#db, 'audit');
    let entries = 0;
    let previous = '';
    for (;;) {
      // Ids have no hole, so that a row that was taken out shows, the newest ones included.
      const rows = await this.#db.selectFrom('audit').selectAll().where('id', '>', entries).orderBy('id').limit(PAGE).execute();
      for (const row of rows) {
        if (row.id !== entries + 1 || !fits(row, previous)) return { entries, firstBroken: entries + 1 };
        entries += 1;
        previous = row.hash;
      }
      if (rows.length < PAGE) return { entries, firstBroken: entries < newest ? entries + 1 : null };
    }
  }

  /** Numbers, chains and stores `entries` inside the caller's transaction. */
  async append(db: Kysely<Tables>, entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const last = await raiseCounter(db, 'audit', entries.length);
    let previous = (await db.selectFrom('audit').select('hash').orderBy('id', 'desc').limit(1).executeTakeFirst())?.hash ?? '';
    const rows = entries.map((entry, index) => {
      const id = last - entries.length + 1 + index;
      previous = hashOf(previous, id, entry);
      const { at, action, cluster } = entry;
      return { id, at, action, cluster, body: JSON.stringify(entry), hash: previous };
    });
    await db.insertInto('audit').values(rows).execute();
  }
}

const hashOf = (previous: string, id: number, entry: AuditEntry): string =>
  createHash('sha256')
    .update(previous + canonicalJson({ ...entry, id }))
    .digest('hex');

function fits(row: Tables['audit'], previous: string): boolean {
  try {
    const entry = JSON.parse(row.body) as AuditEntry;
    // The columns are what a filtered list looks at: an entry must not be hidden by changing those alone.
    const isFound = entry.at === row.at && entry.action === row.action && entry.cluster === row.cluster;
    return isFound && hashOf(previous, row.id, entry) === row.hash;
  } catch {
    return false;
  }
}
