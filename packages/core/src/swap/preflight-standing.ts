import type { LockView } from '../lock/lease.ts';
import { check } from './preflight-host.ts';
import type { PreflightCheck } from './preflight-report.ts';

/** What others hold or plan. `null`, or empty, inside a swap: it has its turn already. */
export type Standings = Readonly<{ lock: LockView | null; planned: readonly string[] }>;

export const NOTHING_STANDS: Standings = { lock: null, planned: [] };

/** Warnings only: whoever asks may be the holder, and what is planned is not enforced. */
export const standingChecks = ({ lock, planned }: Standings): readonly PreflightCheck[] => [lockCheck(lock), ...scheduleChecks(planned)];

function lockCheck(view: LockView | null): PreflightCheck {
  const next = view?.queue[0];
  if (view?.lock === null && next !== undefined) {
    const detail = `The lock of cluster ${view.cluster} is free, but ${next.holder} is first in line.`;
    return check('lock', null, 'warn', { detail, hint: 'Ask with on_busy "queue".' });
  }
  if (view?.lock == null) return check('lock', null, 'pass', { detail: 'No lock stands against it.' });
  const { holder, reason, implicit, expiresAt } = view.lock;
  if (implicit) {
    const detail = `A swap of ${holder} is running on cluster ${view.cluster}.`;
    return check('lock', null, 'warn', { detail, hint: 'Wait for its end, or ask with on_busy "queue".' });
  }
  const why = reason === null ? '' : ` (${reason})`;
  const until = view.state === 'draining' ? 'until its swap ends' : `until ${expiresAt === null ? 'it is released' : isoOf(expiresAt)}`;
  const detail = `${holder} holds the lock of cluster ${view.cluster}${why} ${until}.`;
  return check('lock', null, 'warn', { detail, hint: 'Send its lock_id with the swap, or ask with on_busy "queue".' });
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

function scheduleChecks(planned: readonly string[]): readonly PreflightCheck[] {
  if (planned.length === 0) return [check('schedule', null, 'pass', { detail: 'No schedule stands against it.' })];
  return planned.map((detail) => check('schedule', null, 'warn', { detail, hint: 'GET /api/schedules shows what is planned.' }));
}
