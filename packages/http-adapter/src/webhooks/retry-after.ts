const DAY_MS = 86_400_000;

/** The three spellings of a date in HTTP (RFC 9110, 5.6.7). */
const IMF_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC850_DATE = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * `Retry-After` as ms from `now`, at most a day: the schedule's own longest step, so that a receiver cannot put off its
 * queue for ever. `null` when it is missing or cannot be read.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, DAY_MS);
  const at = dateOf(text);
  return Number.isNaN(at) ? null : Math.min(Math.max(0, at - now), DAY_MS);
}

function dateOf(text: string): number {
  if (IMF_DATE.test(text) || RFC850_DATE.test(text)) return Date.parse(text);
  // Without a zone Date.parse would take it for local time.
  return ASCTIME_DATE.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
