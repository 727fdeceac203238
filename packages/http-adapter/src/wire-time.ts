/** The last moment of the year 9999: RFC 3339 has four digits for a year. */
const LAST_TIME_MS = 253_402_300_799_999;

/** ms since the epoch as RFC 3339 in UTC with milliseconds. A time beyond what that can say is shown as the nearest it can. */
export const timestamp = (ms: number): string => new Date(Math.max(0, Math.min(ms, LAST_TIME_MS))).toISOString();
export const nullableTimestamp = (ms: number | null): string | null => (ms === null ? null : timestamp(ms));

/** Seconds with one digit after the point, never negative: wall clocks are set back at times. */
export const secondsOf = (ms: number): number => Math.max(0, Math.round(ms / 100) / 10);
