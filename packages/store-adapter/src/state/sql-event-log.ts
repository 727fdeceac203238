import { type EventLog, isSettled, type JournalEvent, type NumberedEvent, type SwapId } from '@spark-control/core';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { raiseCounter, raiseCounterTo, readCounter } from './counters.ts';
import { eventOf } from './stored-swap.ts';

/** Order of removal: progress is stale at once, the end of a swap is what a late reader asks for. */
const WORTH = { progress: 0, change: 1, ending: 2 } as const;

/** {@link EventLog} in SQL, with the writing side that the journal uses inside its transaction. */
export class SqlEventLog implements EventLog {
  readonly #db: Kysely<Tables>;
  readonly #cap: number;
  /** Events above the cap before pruning, so that not every commit has to prune. */
  readonly #slack: number;
  /** How many events may still be appended before the table has to be counted again. */
  #room = 0;

  constructor(db: Kysely<Tables>, cap: number) {
    this.#db = db;
    this.#cap = cap;
    this.#slack = Math.ceil(cap / 20);
  }

  async replay(after: number, limit: number, swap?: SwapId): Promise<readonly NumberedEvent[]> {
    let query = this.#db.selectFrom('events').select(['id', 'body']).where('id', '>', after).orderBy('id').limit(limit);
    if (swap !== undefined) query = query.where('swap', '=', swap);
    const rows = await query.execute();
    return rows.map(({ id, body }) => ({ ...eventOf(body), id }));
  }

  async range(): Promise<Readonly<{ oldest: number; newest: number }>> {
    const floor = await readCounter(this.#db, 'events_floor');
    const oldest = await this.#db.selectFrom('events').select('id').where('id', '>', floor).orderBy('id').limit(1).executeTakeFirst();
    return { oldest: oldest?.id ?? 0, newest: await readCounter(this.#db, 'events') };
  }

  /** Numbers and stores `events` inside the caller's transaction. */
  async append(db: Kysely<Tables>, events: readonly JournalEvent[]): Promise<readonly NumberedEvent[]> {
    if (events.length === 0) return [];
    const last = await raiseCounter(db, 'events', events.length);
    const numbered = events.map((event, index) => ({ ...event, id: last - events.length + 1 + index }));
    const rows = numbered.map(({ id, ...event }) => ({
      id,
      swap: event.swapId,
      worth: worthOf(event),
      at: event.at,
      body: JSON.stringify(event),
    }));
    await db.insertInto('events').values(rows).execute();
    this.#room -= rows.length;
    if (this.#room < 0) this.#room = await this.#prune(db);
    return numbered;
  }

  /** Removes all progress events: what can be spared when the disk is full. */
  async shrink(): Promise<void> {
    await this.#db.deleteFrom('events').where('worth', '=', WORTH.progress).execute();
  }

  /** Cuts the table down to the cap when it is too long; returns how many events may come before the next look. */
  async #prune(db: Kysely<Tables>): Promise<number> {
    const { count } = await db
      .selectFrom('events')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const surplus = Number(count) - this.#cap;
    if (surplus <= this.#slack) return this.#slack - surplus;
    const doomed = db.selectFrom('events').select('id').orderBy('worth').orderBy('id').limit(surplus);
    const { floor } = await db
      .selectFrom('events')
      .select(({ fn }) => fn.max('id').as('floor'))
      .where('id', 'in', doomed)
      .where('worth', '>', WORTH.progress)
      .executeTakeFirstOrThrow();
    // Whoever resumes from below the floor has missed a change, so `range` must not offer those numbers any more.
    if (floor !== null) await raiseCounterTo(db, 'events_floor', Number(floor));
    await db.deleteFrom('events').where('id', 'in', doomed).execute();
    return this.#slack;
  }
}

function worthOf(event: JournalEvent): number {
  if (event.kind === 'progress') return WORTH.progress;
  return event.kind === 'swap' && isSettled(event.swap) ? WORTH.ending : WORTH.change;
}
