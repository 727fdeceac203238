import type { CronCalendar, CronProblem } from '@spark-control/core';
import { Cron } from 'croner';
import { cronFields, isEveryHour } from './calendar/cron-fields.ts';
import { ZoneOffsets } from './calendar/zone-offsets.ts';

const DAY_MS = 86_400_000;
const TEN_YEARS_MS = 3_653 * DAY_MS;
/** Long enough to see the change of offset that repeats, at `from`, times of the clock from before it. */
const LOOK_BACK_MS = 2 * DAY_MS;
const FIRST_MS = Date.UTC(1900, 0);
/** croner looks no further than the year 3000. */
const LAST_MS = Date.UTC(2990, 0);

/** Expressions whose reading is remembered: a calendar asks for the same ones again and again. */
const MAX_READINGS = 1_000;

type Named = Readonly<{ fields: string; zone: string }>;
type Reading = Readonly<{ fields: string; isEveryHour: boolean }>;

/**
 * {@link CronCalendar} by croner, which is asked for times of the clock only. What becomes of them when the clocks of a zone
 * change is decided here: croner drops skipped times, and runs repeated ones twice, for many expressions that name hours.
 */
export class CronerCalendar implements CronCalendar {
  readonly #zones = new ZoneOffsets();
  readonly #readings = new Map<string, Reading>();

  problem(cron: string, timezone: string): CronProblem | null {
    const { fields, problem } = cronFields(cron);
    if (fields === null) return { field: 'cron', message: problem };
    if (!this.#zones.knows(timezone)) {
      return { field: 'timezone', message: `"${timezone.slice(0, 64)}" is no IANA time zone such as Europe/Berlin or UTC` };
    }
    return clockTimes(fields, FIRST_MS).next().done === true
      ? { field: 'cron', message: 'it never fires: no date meets its day and month' }
      : null;
  }

  between(cron: string, timezone: string, from: number, to: number, limit: number): readonly number[] {
    const moments: number[] = [];
    if (limit <= 0) return moments;
    for (const moment of this.#moments(cron, timezone, from, to)) {
      moments.push(moment);
      if (moments.length >= limit) break;
    }
    return moments;
  }

  next(cron: string, timezone: string, after: number): number | null {
    const from = Math.floor(after) + 1;
    return this.between(cron, timezone, from, from + TEN_YEARS_MS, 1)[0] ?? null;
  }

  /** Nothing for what has a problem: a registration that this version does not understand must not take the others along. */
  *#moments(cron: string, zone: string, from: number, to: number): Generator<number> {
    const reading = this.#read(cron);
    if (reading === null || !this.#zones.knows(zone)) return;
    const { fields } = reading;
    const start = Math.max(from, FIRST_MS);
    const end = Math.min(to, LAST_MS);
    if (!(start < end)) return;
    yield* reading.isEveryHour ? this.#asTheClockRuns({ fields, zone }, start, end) : this.#oncePerName({ fields, zone }, start, end);
  }

  #read(cron: string): Reading | null {
    const known = this.#readings.get(cron);
    if (known !== undefined) return known;
    const { fields } = cronFields(cron);
    if (fields === null) return null;
    const reading = { fields, isEveryHour: isEveryHour(fields) };
    if (this.#readings.size >= MAX_READINGS) this.#readings.clear();
    this.#readings.set(cron, reading);
    return reading;
  }

  /** A skipped hour has no times, a repeated one has them again: the distance between them stays what it was. */
  *#asTheClockRuns({ fields, zone }: Named, from: number, to: number): Generator<number> {
    for (const { start, end, offset } of this.#zones.stretches(zone, from, to)) {
      yield* shifted(fields, start + offset, end + offset, offset);
    }
  }

  /** Each time of the clock once: a skipped one at the end of the gap, a repeated one when it comes first. */
  *#oncePerName({ fields, zone }: Named, from: number, to: number): Generator<number> {
    let reached: number | null = null;
    for (const { start, end, offset } of this.#zones.stretches(zone, from - LOOK_BACK_MS, to)) {
      const clock = start + offset;
      const isSkipped: boolean = reached !== null && reached < clock && firesWithin(fields, reached, clock);
      if (isSkipped && start >= from) yield start;
      const begin: number = Math.max(clock + (isSkipped ? 1 : 0), reached ?? clock, from + offset);
      yield* shifted(fields, begin, end + offset, offset);
      reached = Math.max(reached ?? clock, end + offset);
    }
  }
}

function* shifted(fields: string, from: number, to: number, offset: number): Generator<number> {
  for (const time of clockTimes(fields, from)) {
    if (time >= to) return;
    yield time - offset;
  }
}

const firesWithin = (fields: string, from: number, to: number): boolean => {
  const first = clockTimes(fields, from).next();
  return first.done !== true && first.value < to;
};

/** Times of the clock from `from` on, as if it were one in UTC. */
function* clockTimes(fields: string, from: number): Generator<number> {
  // An offset in place of a zone: with one, croner asks `Intl` at each step, which takes ten times as long.
  const job = new Cron(fields, { paused: true, utcOffset: 0, mode: '6-part' });
  // croner wants the second before, and drops parts of a second.
  for (const date of job.enumerate(new Date(Math.ceil(from / 1000) * 1000 - 1000))) yield date.getTime();
}
