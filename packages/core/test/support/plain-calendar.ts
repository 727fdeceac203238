import type { CronCalendar, CronProblem } from '../../src/index.ts';

const DAY_MS = 86_400_000;
const TEN_YEARS_MS = 3_653 * DAY_MS;
const RANGES = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

type Plan = Readonly<{ sets: readonly ReadonlySet<number>[]; anyDay: boolean; anyWeekday: boolean }>;

/**
 * {@link CronCalendar} for tests, by a way of its own: it goes through the dates, and asks of each time of the clock which
 * moments show it. Numbers, names, lists, ranges and steps.
 */
export class PlainCalendar implements CronCalendar {
  problem(cron: string, timezone: string): CronProblem | null {
    const plan = readPlan(cron);
    if (plan === null) return { field: 'cron', message: 'A cron expression has 5 or 6 fields of numbers.' };
    if (offsetAt(timezone, 0) === null) return { field: 'timezone', message: 'It is no time zone.' };
    for (let day = 0; day < 10_000; day++) if (isDay(plan, new Date(day * DAY_MS))) return null;
    return { field: 'cron', message: 'it never fires' };
  }

  between(cron: string, timezone: string, from: number, to: number, limit: number): readonly number[] {
    const plan = readPlan(cron);
    const moments = new Set<number>();
    if (plan === null || offsetAt(timezone, 0) === null) return [];
    const firstDay = Math.floor(from / DAY_MS) - 2;
    for (let day = firstDay; day * DAY_MS < to + 2 * DAY_MS; day++) {
      if (!isDay(plan, new Date(day * DAY_MS))) continue;
      for (const moment of dayMoments(plan, timezone, day * DAY_MS, from - DAY_MS)) if (moment >= from && moment < to) moments.add(moment);
      // Two days more, since a date's last moments may come after the first of the next.
      if (moments.size >= limit + 200) break;
    }
    return [...moments].sort((a, b) => a - b).slice(0, Math.max(0, limit));
  }

  next(cron: string, timezone: string, after: number): number | null {
    for (let from = after + 1; from < after + TEN_YEARS_MS; from += 30 * DAY_MS) {
      const [first] = this.between(cron, timezone, from, from + 30 * DAY_MS, 1);
      if (first !== undefined) return first;
    }
    return null;
  }
}

function* dayMoments(plan: Plan, zone: string, date: number, notBefore: number): Generator<number> {
  const [seconds = [], minutes = [], hours = []] = plan.sets;
  const isEveryHour = plan.sets[2]?.size === 24;
  for (const hour of hours) {
    if (date + (hour + 1) * 3_600_000 < notBefore - DAY_MS) continue;
    for (const minute of minutes) {
      for (const second of seconds) {
        const shown = momentsShowing(zone, date + ((hour * 60 + minute) * 60 + second) * 1000);
        yield* isEveryHour ? shown.moments : [shown.moments[0] ?? shown.gapEnd];
      }
    }
  }
}

/** Moments at which the clock shows `wall`; when it never does, the one at which it jumps over it. */
function momentsShowing(zone: string, wall: number): { moments: readonly number[]; gapEnd: number } {
  let low = wall - DAY_MS - (offsetAt(zone, wall - DAY_MS) ?? 0);
  let high = wall + DAY_MS - (offsetAt(zone, wall + DAY_MS) ?? 0);
  const offsets = [...new Set([offsetAt(zone, low) ?? 0, offsetAt(zone, high) ?? 0])];
  const moments = offsets.map((offset) => wall - offset).filter((at) => at + (offsetAt(zone, at) ?? 0) === wall);
  if (moments.length > 0) return { moments: moments.sort((a, b) => a - b), gapEnd: 0 };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + (offsetAt(zone, middle) ?? 0) > wall) high = middle;
    else low = middle;
  }
  return { moments, gapEnd: high };
}

const isDay = ({ sets, anyDay, anyWeekday }: Plan, date: Date): boolean => {
  if (sets[4]?.has(date.getUTCMonth() + 1) !== true) return false;
  const onDay = sets[3]?.has(date.getUTCDate()) === true;
  const onWeekday = sets[5]?.has(date.getUTCDay()) === true;
  return anyDay || anyWeekday ? onDay && onWeekday : onDay || onWeekday;
};

function readPlan(cron: string): Plan | null {
  const words = cron.trim().split(/\s+/);
  const six = words.length === 5 ? ['0', ...words] : words;
  if (six.length !== 6) return null;
  const sets = six.map((word, index) => readField(word, RANGES[index] ?? [0, 0], index));
  if (sets.some((set) => set.size === 0)) return null;
  if (sets[5]?.has(7)) sets[5].add(0);
  return { sets, anyDay: six[3] === '*', anyWeekday: six[5] === '*' };
}

function readField(word: string, [min, max]: readonly [number, number], index: number): Set<number> {
  const names = index === 4 ? MONTHS : index === 5 ? NAMES : [];
  const number = (text: string): number => (names.includes(text) ? names.indexOf(text) : /^\d+$/.test(text) ? Number(text) : Number.NaN);
  const found = new Set<number>();
  for (const part of word.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [low = '', high = low] = range === '*' ? [String(min), String(max)] : range.split('-');
    if (!(number(low) >= min && number(high) <= max && number(step) > 0)) return new Set();
    for (let value = number(low); value <= number(high); value += number(step)) found.add(value);
  }
  return found;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function offsetAt(zone: string, at: number): number | null {
  try {
    const known = formatters.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    formatters.set(zone, known);
    const second = Math.floor(at / 1000) * 1000;
    return Date.parse(`${known.format(second).replace(' ', 'T')}Z`) - second;
  } catch {
    return null;
  }
}
