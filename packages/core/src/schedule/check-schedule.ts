import type { NewSchedule } from '../application/schedule-api.ts';
import type { Issue } from '../errors.ts';
import { isKey } from '../ids.ts';
import type { CronCalendar } from '../ports/cron-calendar.ts';
import type { Span } from './schedule.ts';

/** Everything that is wrong with a schedule by itself; paths are those of the body of its registration. */
export function scheduleIssues(schedule: NewSchedule, calendar: CronCalendar): readonly Issue[] {
  const { id, cron, timezone, windows, durationMs, url } = schedule;
  const issues: Issue[] = [];
  if (!isKey(id)) {
    const message = 'must be a key: lower case letters, digits, ".", "_" and "-", 64 at most, no reserved word';
    issues.push({ path: '/path/id', code: 'bad_key', message });
  }
  if (cron === null && windows.length === 0) {
    issues.push({ path: '/cron', code: 'required', message: 'is required, or `windows`: a schedule without either never takes place' });
  }
  // `UTC` in place of the zone, so that both are told when both are wrong.
  const cronProblem = cron === null ? null : calendar.problem(cron, 'UTC');
  if (cronProblem !== null) issues.push({ path: '/cron', code: 'bad_cron', message: cronProblem.message });
  const zoneProblem = calendar.problem('0 0 * * *', timezone);
  if (zoneProblem !== null) issues.push({ path: '/timezone', code: 'bad_timezone', message: zoneProblem.message });
  if (cron !== null && durationMs <= 0) {
    issues.push({ path: '/duration_seconds', code: 'required', message: 'is required with `cron`: it says how long each time lasts' });
  }
  if (url !== null && !isPlainUrl(url)) {
    const message = 'must be an http or https URL without user and password';
    issues.push({ path: '/url', code: 'bad_url', message });
  }
  return [...issues, ...windowIssues(windows)];
}

function windowIssues(windows: readonly Span[]): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [index, { start, end }] of windows.entries()) {
    if (end > start) continue;
    issues.push({ path: `/windows/${index}/end`, code: 'ends_before_start', message: 'must be later than `start`' });
  }
  if (issues.length > 0) return issues;
  const inOrder = windows.map((window, index) => ({ window, index })).sort((a, b) => a.window.start - b.window.start || a.index - b.index);
  let last: (typeof inOrder)[number] | null = null;
  for (const here of inOrder) {
    if (last !== null && here.window.start < last.window.end) {
      const [first, second] = [Math.min(last.index, here.index), Math.max(last.index, here.index)];
      issues.push({ path: `/windows/${second}`, code: 'overlap', message: `overlaps /windows/${first}` });
    }
    if (last === null || here.window.end > last.window.end) last = here;
  }
  return issues;
}

/** The dashboard makes a link of it: nothing that runs as a script, and no password for everybody to read. */
function isPlainUrl(text: string): boolean {
  if (!/^https?:\/\/[^/?#\s\\]/i.test(text) || /[\s\\\p{Cc}]/u.test(text)) return false;
  try {
    const { username, password } = new URL(text);
    return username === '' && password === '' && !/^https?:\/\/[^/?#]*@/i.test(text);
  } catch {
    return false;
  }
}
