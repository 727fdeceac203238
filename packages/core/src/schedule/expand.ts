import type { CronCalendar } from '../ports/cron-calendar.ts';
import { earliestFirst } from './earliest-first.ts';
import type { Schedule, Span } from './schedule.ts';

export const MAX_OCCURRENCES = 5_000;

/** Moments asked of the calendar at a time: few at first, since most readers stop early or find few. */
const FIRST_CHUNK = 32;
const LARGEST_CHUNK = 1_024;

/** One time at which a schedule takes place, before anybody looked at what else is planned then. */
export type Planned = Readonly<{ schedule: Schedule; span: Span }>;

/** `cutAt`: there were more, and what is here is complete only for what begins before that time; `null`: all are here. */
export type Expansion = Readonly<{ planned: readonly Planned[]; cutAt: number | null }>;

/** True when they have a moment in common. */
export const touch = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;

/** Occurrences of all `schedules` that touch `within`, by start; those that began earlier and last into it are among them. */
export function expand(schedules: readonly Schedule[], within: Span, calendar: CronCalendar, limit = MAX_OCCURRENCES): Expansion {
  const planned: Planned[] = [];
  const sources = schedules.map((schedule) => plannedOf(schedule, within, calendar));
  for (const next of earliestFirst(sources, ({ span }) => span.start)) {
    if (planned.length >= limit) return { planned, cutAt: next.span.start };
    planned.push(next);
  }
  return { planned, cutAt: null };
}

/** Spans of a cron expression, each `durationMs` long, that touch `within`. Lazy: read as many as wanted. */
export function* cronSpans(
  { cron, timezone, durationMs }: Readonly<{ cron: string; timezone: string; durationMs: number }>,
  within: Span,
  calendar: CronCalendar,
): Generator<Span> {
  if (durationMs <= 0) return;
  let from = within.start - durationMs + 1;
  for (let chunk = FIRST_CHUNK; ; chunk = Math.min(chunk * 4, LARGEST_CHUNK)) {
    const moments = calendar.between(cron, timezone, from, within.end, chunk);
    for (const start of moments) yield { start, end: start + durationMs };
    const last = moments.at(-1);
    if (last === undefined || moments.length < chunk) return;
    from = last + 1;
  }
}

function* plannedOf(schedule: Schedule, within: Span, calendar: CronCalendar): Generator<Planned> {
  const { cron, timezone, durationMs } = schedule;
  const windows = schedule.windows.filter((window) => touch(window, within)).sort((a, b) => a.start - b.start);
  const recurring = cron === null ? [] : cronSpans({ cron, timezone, durationMs }, within, calendar);
  let last: Span | null = null;
  for (const span of earliestFirst<Span>([windows, recurring], ({ start }) => start)) {
    // A window may say again what the cron expression says.
    if (last !== null && last.start === span.start && last.end === span.end) continue;
    last = span;
    yield { schedule, span };
  }
}
