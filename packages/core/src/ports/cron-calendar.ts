/** Why a cron expression or a time zone cannot be used. */
export type CronProblem = Readonly<{ field: 'cron' | 'timezone'; message: string }>;

/**
 * Meaning of cron expressions (5 fields, or 6 with seconds first) in IANA time zones, daylight saving included. Contract: a
 * time that a zone skips is moved behind the gap, one that it has twice occurs once; an expression that never fires is a problem.
 */
export interface CronCalendar {
  problem(cron: string, timezone: string): CronProblem | null;
  /** Moments in `[from, to)`, rising, at most `limit`. */
  between(cron: string, timezone: string, from: number, to: number, limit: number): readonly number[];
  /** The first moment after `after`; `null` when there is none within 10 years. */
  next(cron: string, timezone: string, after: number): number | null;
}
