import type { CronCalendar, CronProblem } from '../../src/index.ts';

/** {@link CronCalendar} for tests of time alone: `every 300 s` fires at every multiple of 300 s since the epoch, at no cost. */
export class StepCalendar implements CronCalendar {
  problem(cron: string, timezone: string): CronProblem | null {
    if (stepOf(cron) === null) return { field: 'cron', message: 'it never fires' };
    return timezone === 'UTC' ? null : { field: 'timezone', message: 'there is no such time zone' };
  }

  between(cron: string, _timezone: string, from: number, to: number, limit: number): readonly number[] {
    const step = stepOf(cron) ?? Number.POSITIVE_INFINITY;
    const moments: number[] = [];
    for (let at = Math.ceil(from / step) * step; at < to && moments.length < limit; at += step) moments.push(at);
    return moments;
  }

  next(cron: string, timezone: string, after: number): number | null {
    return this.between(cron, timezone, after + 1, Number.MAX_SAFE_INTEGER, 1)[0] ?? null;
  }
}

function stepOf(cron: string): number | null {
  const [, seconds] = /^every (\d+) s$/.exec(cron) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
