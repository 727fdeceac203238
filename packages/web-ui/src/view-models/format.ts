const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A stopwatch reading of seconds: `0:09`, `3:40`, `1:02:05`. Never negative. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const h = Math.floor(whole / HOUR);
  const m = Math.floor((whole % HOUR) / MINUTE);
  const s = String(whole % MINUTE).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** The same in two units at most: `45 s`, `14 min`, `2 h 14 min`, `3 d 4 h`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < DAY) return join(Math.floor(whole / HOUR), 'h', Math.floor((whole % HOUR) / MINUTE), 'min');
  return join(Math.floor(whole / DAY), 'd', Math.floor((whole % DAY) / HOUR), 'h');
}

const join = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;

/** Milliseconds of a step: under ten seconds with one decimal, else as a stopwatch. */
export function stepTime(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  return clock(ms / 1000);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes in binary units, three digits at most: `512 B`, `1.5 GiB`, `91 GiB`. `null` is unknown, never zero. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'unknown';
  let amount = Math.max(0, value);
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits = amount < 10 && unit > 0 ? 1 : 0;
  return `${amount.toFixed(digits)} ${UNITS[unit]}`;
}

/** `102 of 128 GiB`: both in the unit of the whole. */
export function ofBytes(part: number, whole: number): string {
  const gib = 1024 ** 3;
  if (whole < gib) return `${bytes(part)} of ${bytes(whole)}`;
  return `${Math.round(part / gib)} of ${Math.round(whole / gib)} GiB`;
}

/** A time on the wire as ms since the epoch; `null` for none or nonsense. */
export function instant(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** How long ago, for a person: `now`, `14 s ago`, `2 h 14 min ago`; `never` for none. */
export function ago(at: number | null, now: number): string {
  if (at === null) return 'never';
  const seconds = (now - at) / 1000;
  return seconds < 1.5 ? 'now' : `${span(seconds)} ago`;
}

const sameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

const two = (n: number): string => String(n).padStart(2, '0');

/** Local wall time without a day: `14:05`. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Local wall time: `14:05:11` today, `12 Aug 14:05` before. */
export function wallTime(at: number, now: number): string {
  const date = new Date(at);
  const time = timeOfDay(at);
  if (sameDay(date, new Date(now))) return `${time}:${two(date.getSeconds())}`;
  const month = date.toLocaleString('en', { month: 'short' });
  return `${date.getDate()} ${month} ${time}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
