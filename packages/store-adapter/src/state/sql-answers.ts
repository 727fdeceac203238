import type { AnswerLookup, AnswerStore, StoredAnswer } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Sealer } from './sealer.ts';
import type { WriteGuard } from './write-guard.ts';

const KEPT_MS = 24 * 3600 * 1000;

/**
 * {@link AnswerStore} in SQL. A row without an answer is a request that still runs. Answers are sealed: some hold a lock id
 * or a secret. One that does not open (the key was replaced) counts as not there.
 */
export class SqlAnswers implements AnswerStore {
  readonly #db: Kysely<Tables>;
  readonly #guard: WriteGuard;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, guard: WriteGuard, sealer: Sealer) {
    this.#db = db;
    this.#guard = guard;
    this.#sealer = sealer;
  }

  async begin(key: string, bodyHash: string, now: number): Promise<AnswerLookup> {
    const found = await this.#find(key, now);
    const known = found === null ? null : this.#lookup(found, bodyHash);
    if (known !== null) return known; // a replay needs no room on the disk
    return await this.#write(async (db) => {
      await db.deleteFrom('answers').where('expires_at', '<=', now).execute();
      if (found?.answer != null) await db.deleteFrom('answers').where('key', '=', key).where('answer', '=', found.answer).execute();
      const inserted = await db
        .insertInto('answers')
        .values({ key, body_hash: bodyHash, answer: null, expires_at: now + KEPT_MS })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .returning('key')
        .executeTakeFirst();
      if (inserted !== undefined) return { kind: 'new' };
      const other = await db.selectFrom('answers').selectAll().where('key', '=', key).executeTakeFirstOrThrow();
      return this.#lookup(other, bodyHash) ?? { kind: 'running' };
    });
  }

  async complete(key: string, answer: StoredAnswer, now: number): Promise<void> {
    const change = { answer: this.#sealer.seal(JSON.stringify(answer), contextOf(key)), expires_at: now + KEPT_MS };
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

  /** `null`: the answer is there and does not open. */
  #lookup({ key, body_hash: hash, answer }: Tables['answers'], bodyHash: string): AnswerLookup | null {
    if (answer === null) return hash === bodyHash ? { kind: 'running' } : { kind: 'other_body' };
    // Earlier versions, which had no secret to answer, kept them in the clear; those last a day at most.
    const text = answer.startsWith('{') ? answer : this.#sealer.open(answer, contextOf(key));
    if (text === null) return null;
    return hash === bodyHash ? { kind: 'replay', answer: JSON.parse(text) as StoredAnswer } : { kind: 'other_body' };
  }

  #write<T>(action: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#guard.write(
      async () => 'other',
      () => this.#db.transaction().execute(action),
    );
  }
}

const contextOf = (key: string): string => `answer ${key}`;
