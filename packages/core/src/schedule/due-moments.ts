import type { CronCalendar } from '../ports/cron-calendar.ts';
import type { Automation } from './automation.ts';
import type { Span } from './schedule.ts';

/** A moment that is looked at later than this was missed: the control plane was away, asleep, or its clock was set forward. */
export const LATE_AFTER_MS = 60_000;
/** Ten years of a cron of every second are not counted one by one. */
const COUNTED = 1_000;
const MOST_WALKED = 50;

export type Missed = Readonly<{
  last: number;
  count: number;
  /** There were more than were counted. */
  isMore: boolean;
}>;

export type Due = Readonly<{
  /** Not late, rising. */
  onTime: readonly number[];
  missed: Missed | null;
}>;

/** What an automation has been looked at for so far. Wall times; `walked` are the spans in which every moment had its turn. */
export type Trail = Readonly<{ cursor: number; walked: readonly Span[] }>;

type Times = Pick<Automation, 'cron' | 'timezone' | 'createdAt'>;
type Moments = Pick<CronCalendar, 'between'>;

const isWalked = (walked: readonly Span[], moment: number): boolean => walked.some(({ start, end }) => moment >= start && moment < end);

/**
 * What `(cursor, now]` asks for. Moments of a span that was walked before, because the clock has been set back since, are left
 * out; what was skipped as missed was not walked, so that a clock that was years ahead for a minute does not cost those years.
 */
export function dueBy(now: number, { cursor, walked }: Trail, times: Times, calendar: Moments): Due {
  const { cron, timezone, createdAt } = times;
  const lateBefore = now - LATE_AFTER_MS;
  const onTime = calendar.between(cron, timezone, Math.max(cursor + 1, lateBefore), now + 1, 2 * COUNTED);
  // After a clock that was wrong: neither what had its turn already nor what was before the automation has been missed.
  const floors = [createdAt, ...walked.map(({ end }) => end - 1)].filter((floor) => floor < lateBefore);
  const from = Math.max(cursor, ...floors) + 1;
  const missed = from < lateBefore ? missedIn({ start: from, end: lateBefore }, times, calendar) : null;
  return {
    onTime: onTime.filter((moment) => !isWalked(walked, moment)),
    missed: missed === null || isWalked(walked, missed.last) ? null : missed,
  };
}

/** The trail after everything up to `now` has had its turn. */
export function walkedTo(now: number, { cursor, walked }: Trail): Trail {
  const span: Span = { start: Math.max(cursor + 1, now - LATE_AFTER_MS), end: now + 1 };
  const apart = walked.filter(({ start, end }) => end < span.start || start > span.end);
  const joined = walked.filter((other) => !apart.includes(other)).concat(span);
  const whole: Span = { start: Math.min(...joined.map(({ start }) => start)), end: Math.max(...joined.map(({ end }) => end)) };
  return { cursor: now, walked: [...apart, whole].slice(-MOST_WALKED) };
}

function missedIn(span: Span, { cron, timezone }: Times, calendar: Moments): Missed | null {
  const counted = calendar.between(cron, timezone, span.start, span.end, COUNTED + 1);
  const [last, isMore] = [counted.at(-1), counted.length > COUNTED];
  if (last === undefined) return null;
  return { last: isMore ? lastIn(span, cron, timezone, calendar) : last, count: Math.min(counted.length, COUNTED), isMore };
}

/** The last moment of a span that has one: a calendar only looks ahead, so the half in which it lies is found again and again. */
function lastIn({ start, end }: Span, cron: string, timezone: string, calendar: Moments): number {
  let found = calendar.between(cron, timezone, start, end, 1)[0] ?? start;
  let none = end; // no moment from here on
  while (found + 1 < none) {
    const middle = Math.floor((found + 1 + none) / 2);
    const [moment] = calendar.between(cron, timezone, middle, end, 1);
    if (moment === undefined) none = middle;
    else found = moment;
  }
  return found;
}
