/** Why a cron expression or a time zone cannot be used; like that of an issue, the message ends without a full stop. */
export type CronProblem = Readonly<{ field: 'cron' | 'timezone'; message: string }>;

/**
 * Meaning of cron expressions (5 fields, or 6 with seconds first) in IANA time zones, daylight saving included. Contract: a
 * time that a zone skips is moved to the end of the gap, one that it has twice occurs once, the first time. Only expressions
 * for every hour follow the clock as it runs: nothing in an hour that is skipped, and once more in one that comes again. An
 * expression that never fires is a problem; what has a problem has no moments. Work is bounded by `limit` and 10 years.
 */
export interface CronCalendar {
  problem(cron: string, timezone: string): CronProblem | null;
  /** Moments in `[from, to)`, rising, at most `limit`. */
  between(cron: string, timezone: string, from: number, to: number, limit: number): readonly number[];
  /** The first moment after `after`; `null` when there is none within 10 years. */
  next(cron: string, timezone: string, after: number): number | null;
}
