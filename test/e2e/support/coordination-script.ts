import {
  aCalendar,
  aDelivery,
  aGrant,
  aHeldLock,
  aLock,
  anAuditEntry,
  anAutomation,
  anOccurrence,
  aRenewal,
  aRun,
  aSchedule,
  aWebhook,
} from '../../../packages/web-ui/test/support/coordination-builders.ts';
import { iso } from '../../../packages/web-ui/test/support/wire-builders.ts';
import { ok } from './stub-answer.ts';
import type { CoordinationScript } from './stub-coordination.ts';

const HOUR = 3_600_000;

/** The lock of somebody else, with two in line. */
export function aBusyLock(now = Date.now()) {
  const queue = [
    { holder: 'alice', since: iso(now - 4 * 60_000) },
    { holder: 'cron:evals', since: iso(now - 25_000) },
  ];
  return aHeldLock({ acquired_at: iso(now - HOUR), expires_at: iso(now + HOUR), remaining_seconds: 3_600 }, { queue });
}

/** Midnight of the day that the browser calls today. */
const today = (): number => new Date().setHours(0, 0, 0, 0);

export function aWeek() {
  const at = (day: number, hour: number): number => today() + (day * 24 + hour) * HOUR;
  const clash = {
    kind: 'schedule' as const,
    with: 'weekly-tuning',
    detail: 'both want the cluster default',
    start: iso(at(1, 2)),
    end: iso(at(1, 3)),
  };
  const tuning = { schedule: 'weekly-tuning', owner: 'bob', title: 'Weekly fine-tuning', model: null, url: null };
  const items = [0, 1, 2, 3, 4, 5, 6].map((day) => anOccurrence(at(day, 2), 90, day === 1 ? { conflicts: [clash] } : {}));
  const other = anOccurrence(at(1, 1), 120, { ...tuning, conflicts: [{ ...clash, with: 'nightly-evaluation' }] });
  const stale = anOccurrence(at(3, 22), 300, { schedule: 'old-demo', owner: 'demo laptop', title: 'Demo', url: null, stale: true });
  const sorted = [...items, other, stale].sort((a, b) => (a.start < b.start ? -1 : 1));
  const registered = iso(Date.now() - 2 * HOUR);
  return aCalendar(today(), sorted, [
    aSchedule({ registered_at: registered }),
    aSchedule({ id: 'weekly-tuning', title: 'Weekly fine-tuning', owner: 'bob', cron: '0 1 * * 2', url: null, registered_at: registered }),
    aSchedule({
      id: 'old-demo',
      title: 'Demo',
      owner: 'demo laptop',
      cron: null,
      url: null,
      stale: true,
      windows: [{ start: iso(at(3, 22)), end: iso(at(4, 3)) }],
    }),
  ]);
}

/** Nobody holds the lock; some plans, webhooks and a past. */
export function aCoordinationScript(): CoordinationScript {
  const now = Date.now();
  const settled = { started_at: iso(now - 5 * HOUR), settled_at: iso(now - 5 * HOUR + 221_000), scheduled_for: iso(now - 5 * HOUR) };
  const failed = aRun({
    ...settled,
    id: 'run_02',
    outcome: 'failed',
    detail: 'The lock of nightly-batch was not free within 600 s.',
    swap_id: null,
  });
  return {
    locks: [aLock(), aLock({ cluster: 'solo' })],
    calendar: aWeek(),
    automations: [
      anAutomation({ next_run_at: iso(now + 3 * HOUR), last_run: aRun(settled) }),
      anAutomation({
        id: 'aut_02',
        name: 'Health sweep',
        cron: '*/30 * * * *',
        timezone: 'UTC',
        action: { type: 'health_sweep' },
        enabled: false,
        next_run_at: null,
        last_run: failed,
      }),
    ],
    runs: [failed, aRun(settled)],
    webhooks: [
      aWebhook(),
      aWebhook({
        id: 'whk_02',
        url: 'http://10.0.0.9:9000/spark/events/with/a/rather/long/path',
        description: null,
        enabled: false,
        disabled_reason: 'The receiver answered 410 Gone.',
        dead: 3,
      }),
    ],
    deliveries: [
      aDelivery({ created_at: iso(now - 60_000) }),
      aDelivery({
        id: 'dlv_02',
        type: 'lock_broken',
        state: 'dead',
        attempts: 10,
        created_at: iso(now - 90 * HOUR),
        last: { at: iso(now - HOUR), duration_ms: 15_000, status: null, error: 'no answer within 15 s' },
      }),
    ],
    audit: [
      anAuditEntry({ at: iso(now - 60_000) }),
      anAuditEntry({
        id: 2,
        at: iso(now - 3 * HOUR),
        action: 'lock_acquired',
        note: null,
        actor: { name: 'nightly-batch', address: '10.0.0.9', request_id: null },
      }),
      anAuditEntry({
        id: 1,
        at: iso(now - 50 * HOUR),
        action: 'automation_created',
        cluster: null,
        target: 'Coding model in the morning',
        fence: null,
        note: null,
      }),
    ],
    onAcquire: () => ok(aGrant({ expires_at: iso(Date.now() + HOUR) }), 201),
    onRenew: () => ok(aRenewal({ expires_at: iso(Date.now() + HOUR) })),
    onRelease: () => ({ status: 204, body: null }),
    onBreak: () => ok(aRenewal({ holder: 'nightly-batch', fence: 412 })),
    onSaveAutomation: (body, id) =>
      ok(anAutomation({ id: id ?? 'aut_03', next_run_at: iso(Date.now() + HOUR), last_run: null, ...body }), id === null ? 201 : 200),
    onSaveWebhook: (body, id) =>
      id === null ? ok({ ...aWebhook({ id: 'whk_03', ...body }), secret: 'whsec_b25jZQ' }, 201) : ok(aWebhook({ id, ...body })),
    onTest: () => ok(aDelivery({ id: 'dlv_03', type: 'test' })),
  };
}
