import type { AnswerLookup, AnswerStore, StoredAnswer } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { WriteGuard } from './write-guard.ts';

const KEPT_MS = 24 * 3600 * 1000;

/** {@link AnswerStore} in SQL. A row without an answer is a request that still runs. */
export class SqlAnswers implements AnswerStore {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;

  constructor(db: Kysely<Tables>, guard: WriteGuard) {
    this.#db = db;
    this.#guard = guard;
  }

  async begin(key: string, bodyHash: string, now: number): Promise<AnswerLookup> {
    const found = await this.#find(key, now);
    if (found !== null) return lookupOf(found, bodyHash); // a replay needs no room on the disk
    return await this.#write(async (db) => {
      await db.deleteFrom('answers').where('expires_at', '<=', now).execute();
      const inserted = await db
        .insertInto('answers')
        .values({ key, body_hash: bodyHash, answer: null, expires_at: now + KEPT_MS })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .returning('key')
        .executeTakeFirst();
      if (inserted !== undefined) return { kind: 'new' };
      const other = await db.selectFrom('answers').selectAll().where('key', '=', key).executeTakeFirstOrThrow();
      return lookupOf(other, bodyHash);
    });
  }

  async complete(key: string, answer: StoredAnswer, now: number): Promise<void> {
    const change = { answer: JSON.stringify(answer), expires_at: now + KEPT_MS };
    await this.#write((db) => db.updateTable('answers').set(change).where('key', '=', key).execute());
  }

  async abandon(key: string): Promise<void> {
    await this.#write((db) => db.deleteFrom('answers').where('key', '=', key).where('answer', 'is', null).execute());
  }

  /** Forgets the requests that a crash cut off: their callers are gone, and a retry has to run. */
  async abandonRunning(): Promise<void> {
    await this.#write((db) => db.deleteFrom('answers').where('answer', 'is', null).execute());
  }

  async #find(key: string, now: number): Promise<Tables['answers'] | null> {
    const query = this.#db.selectFrom('answers').selectAll().where('key', '=', key).where('expires_at', '>', now);
    return (await query.executeTakeFirst()) ?? null;
  }

  #write<T>(action: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#guard.write(
      async () => 'other',
      () => this.#db.transaction().execute(action),
    );
  }
}

function lookupOf(row: Tables['answers'], bodyHash: string): AnswerLookup {
  if (row.body_hash !== bodyHash) return { kind: 'other_body' };
  return row.answer === null ? { kind: 'running' } : { kind: 'replay', answer: JSON.parse(row.answer) as StoredAnswer };
}
