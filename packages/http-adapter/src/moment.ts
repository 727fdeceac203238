const SHAPE = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** The words of a refusal. A `+` that a query did not encode arrives as a blank, which nobody would guess. */
export const MOMENT_EXPECTED =
  'must be a date and time from 1970 on with an offset, such as 2026-11-21T06:00:00Z or 2026-11-21T08:00:00+02:00 (in a query, + is written %2B)';

/**
 * ms since the epoch of a time as RFC 3339 writes it; `null` for what it does not allow, for dates that no calendar has and for
 * times before 1970. `Date.parse` would take far more, and make the 2nd of March out of the 30th of February. Leap seconds are
 * refused: the count of ms has no place for them.
 */
export function momentOf(text: string): number | null {
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = SHAPE.exec(text) ?? [];
  if (year === undefined) return null;
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day), ...clock);
  if (new Date(date).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return null;
  const ms = Number(fraction.slice(0, 4).replace('.', '').padEnd(3, '0'));
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  const moment = date + ms + (sign === '-' ? offset : -offset);
  return moment < 0 || moment > LAST_MOMENT ? null : moment;
}

/** The last moment of the year 9999, after which answers could not say it any more. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
