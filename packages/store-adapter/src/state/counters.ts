import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';

/** A number that survives the rows it was given to, unlike `max(id) + 1`. */
export type CounterName = 'events' | 'events_floor' | 'load_times' | 'audit' | 'notices' | 'catalog';

/** Adds `by` and returns the new value. Call inside a transaction: a rolled-back number is given out again. */
export async function raiseCounter(db: Kysely<Tables>, name: CounterName, by: number): Promise<number> {
  const { value } = await db
    .insertInto('counters')
    .values({ name, value: by })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(({ eb }) => ({ value: eb('counters.value', '+', by) })))
    .returning('value')
    .executeTakeFirstOrThrow();
  return Number(value);
}

/** Sets the counter to `value` unless it is higher already. */
export async function raiseCounterTo(db: Kysely<Tables>, name: CounterName, value: number): Promise<void> {
  await db
    .insertInto('counters')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }).where('counters.value', '<', value))
    .execute();
}

export async function readCounter(db: Kysely<Tables>, name: CounterName): Promise<number> {
  const row = await db.selectFrom('counters').select('value').where('name', '=', name).executeTakeFirst();
  return Number(row?.value ?? 0);
}
