const LAST_TIME_MS = 8_640_000_000_000_000;

/** ms since the epoch as RFC 3339 in UTC with milliseconds. A time that no calendar holds is shown as its last one. */
export const timestamp = (ms: number): string => new Date(Math.max(0, Math.min(ms, LAST_TIME_MS))).toISOString().replace(/^\+0?/, '');
export const nullableTimestamp = (ms: number | null): string | null => (ms === null ? null : timestamp(ms));

/** Seconds with one digit after the point, never negative: wall clocks are set back at times. */
export const secondsOf = (ms: number): number => Math.max(0, Math.round(ms / 100) / 10);
