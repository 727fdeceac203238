import { type AppState, serverNow } from '../state.ts';
import type { Calendar, Conflict, Occurrence, Problem, Schedule } from '../wire.ts';
import { ago, instant, plural, span, timeOfDay, wallTime } from './format.ts';
import { type Mark, mark } from './mark.ts';
import { dayPercent, lanesOf, weekFrom } from './week.ts';

/** A part of an occurrence on the strip of its day. In percent of the day. */
export type Block = Readonly<{
  key: string;
  from: number;
  length: number;
  lane: number;
  kind: 'plain' | 'conflict' | 'stale';
  title: string;
}>;

export type Entry = Readonly<{
  key: string;
  time: string;
  length: string;
  title: string;
  url: string | null;
  /** Owner, model and cluster. */
  about: readonly string[];
  isStale: boolean;
  conflicts: readonly string[];
}>;

export type DayView = Readonly<{
  key: string;
  name: string;
  shortName: string;
  nowPercent: number | null;
  lanes: number;
  blocks: readonly Block[];
  /** For people who do not see the strip. */
  summary: string;
  entries: readonly Entry[];
  /** So many more than are listed. */
  hidden: number;
}>;

export type Registration = Readonly<{
  id: string;
  title: string;
  url: string | null;
  owner: string;
  when: string;
  mark: Mark;
  seen: string;
}>;

export type CalendarView = Readonly<{
  days: readonly DayView[];
  registrations: readonly Registration[];
  summary: string;
  /** From when on the plans are not listed, as there are too many. */
  cut: string | null;
  cluster: string;
  isKnown: boolean;
  problem: Problem | null;
}>;

/** More of one day would be neither readable nor quick to draw; the API has them all. */
const SHOWN = 60;
const MAX_LANES = 6;
/** A minute must still be seen. */
const MIN_PERCENT = 0.8;

let last: Readonly<{ value: Calendar; problem: Problem | null; minute: number; view: CalendarView }> | null = null;

/** Made anew once a minute or with a new answer: it may hold thousands of occurrences. */
export function calendarView(state: AppState): CalendarView {
  const { value, problem } = state.lists.calendar;
  if (value === null) return { days: [], registrations: [], summary: '', cut: null, cluster: clusterOf(state), isKnown: false, problem };
  const minute = Math.floor(state.now / 60_000);
  if (last?.value !== value || last.problem !== problem || last.minute !== minute)
    last = { value, problem, minute, view: made(state, value) };
  return last.view;
}

const clusterOf = ({ status }: AppState): string => status?.clusters[0]?.key ?? 'default';

function made(state: AppState, { items, schedules, from, cut_at }: Calendar): CalendarView {
  const { midnights } = weekFrom(instant(from) ?? state.now);
  const days = midnights.slice(0, -1).map((start, at) => dayView(start, midnights[at + 1] ?? start, items, state.now, at === 0));
  const clashing = items.filter(({ conflicts }) => conflicts.length > 0).length;
  const summary = `${plural(items.length, 'time')} planned by ${plural(schedules.length, 'schedule')}${clashing > 0 ? `, ${clashing} in conflict` : ''}`;
  return {
    days,
    registrations: schedules.map((schedule) => registration(schedule, serverNow(state))),
    summary,
    cut: cut_at === null ? null : wallTime(instant(cut_at) ?? 0, 0),
    cluster: clusterOf(state),
    isKnown: true,
    problem: state.lists.calendar.problem,
  };
}

type Timed = Readonly<{ item: Occurrence; from: number; to: number }>;

function dayView(start: number, end: number, items: readonly Occurrence[], now: number, isFirst: boolean): DayView {
  const timed = items.map((item) => ({ item, from: instant(item.start) ?? 0, to: instant(item.end) ?? 0 })).sort((a, b) => a.from - b.from);
  const here = timed.filter(({ from, to }) => from < end && to > start);
  // Listed once, on the day on which it begins; what runs since before the week, on its first.
  const listed = here.filter(({ from }) => from >= start || isFirst);
  const blocks = blocksOf(here.slice(0, SHOWN), start, end);
  const isToday = now >= start && now < end;
  const shortName = new Date(start).toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
  return {
    key: String(start),
    name: isToday ? `Today, ${shortName}` : shortName,
    shortName,
    nowPercent: isToday ? dayPercent(now) : null,
    lanes: Math.max(1, ...blocks.map(({ lane }) => lane + 1)),
    blocks,
    summary:
      here.length === 0
        ? 'nothing planned'
        : here
            .slice(0, SHOWN)
            .map(({ item, ...times }) => `${rangeWords(times, start, end)} ${item.title}`)
            .join(', '),
    entries: listed.slice(0, SHOWN).map((each) => entry(each, start)),
    hidden: Math.max(0, listed.length - SHOWN),
  };
}

function blocksOf(here: readonly Timed[], start: number, end: number): readonly Block[] {
  const spans = here.map(({ from, to }) => {
    const left = from <= start ? 0 : dayPercent(from);
    return { from: left, to: Math.max(left + MIN_PERCENT, to >= end ? 100 : dayPercent(to)) };
  });
  const lanes = lanesOf(spans);
  return here.map(({ item, from, to }, at) => {
    const { from: left = 0, to: right = 0 } = spans[at] ?? {};
    return {
      key: `${item.schedule}/${item.start}`,
      from: Math.min(left, 100 - MIN_PERCENT),
      length: right - left,
      lane: Math.min(lanes[at] ?? 0, MAX_LANES - 1),
      kind: item.conflicts.length > 0 ? 'conflict' : item.stale ? 'stale' : 'plain',
      title: `${item.title}, ${rangeWords({ from, to }, start, end)}, ${item.owner}`,
    };
  });
}

function entry({ item, from, to }: Timed, dayStart: number): Entry {
  const { title, owner, model, cluster, stale, conflicts } = item;
  return {
    key: `${item.schedule}/${item.start}`,
    time: rangeWords({ from, to }, dayStart, Number.POSITIVE_INFINITY),
    length: span((to - from) / 1000),
    title,
    url: webUrl(item.url),
    about: [owner, model, cluster].filter((word) => word !== null),
    isStale: stale,
    conflicts: conflicts.map(conflictWords),
  };
}

function rangeWords({ from, to }: Readonly<{ from: number; to: number }>, start: number, end: number): string {
  const begun = from < start ? '…' : timeOfDay(from);
  return `${begun} – ${to > end ? '…' : timeOfDay(to)}`;
}

const KINDS = { schedule: 'schedule', lock: 'lock of', automation: 'automation' } as const;

const conflictWords = ({ kind, with: other, detail, start, end }: Conflict): string =>
  `${KINDS[kind]} ${other}, ${timeOfDay(instant(start) ?? 0)} – ${timeOfDay(instant(end) ?? 0)}${detail === '' ? '' : `: ${detail}`}`;

function registration(schedule: Schedule, now: number): Registration {
  const { id, title, owner, cron, timezone, windows, stale } = schedule;
  const parts = [cron === null ? null : `${cron} (${timezone})`, windows.length > 0 ? plural(windows.length, 'window') : null];
  return {
    id,
    title,
    url: webUrl(schedule.url),
    owner,
    when: parts.filter((part) => part !== null).join(' and '),
    mark: stale ? mark('warn', 'stale') : mark('ok', 'current'),
    seen: ago(instant(schedule.registered_at), now),
  };
}

/** Somebody else wrote it: only what opens a page may become a link. */
const webUrl = (url: string | null): string | null => (url !== null && /^https?:\/\//i.test(url) ? url : null);
