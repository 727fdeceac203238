import type {
  WireAuditEntry,
  WireAutomation,
  WireAutomationRun,
  WireCalendar,
  WireDelivery,
  WireGrant,
  WireLock,
  WireLockFacts,
  WireOccurrence,
  WireRenewal,
  WireSchedule,
  WireWebhook,
} from '@spark-control/schema';
import { iso, NOON } from './instants.ts';

/** A free lock. */
export const aLock = (change: Partial<WireLock> = {}): WireLock => ({
  cluster: 'default',
  held: false,
  state: 'free',
  lock: null,
  last_fence: 411,
  queue: [],
  ...change,
});

/** One that somebody holds for another hour. */
export function aHeldLock(facts: Partial<WireLockFacts> = {}, change: Partial<WireLock> = {}): WireLock {
  const lock = {
    holder: 'nightly-batch',
    reason: 'evaluation run',
    fence: 412,
    implicit: false,
    acquired_at: iso(NOON - 3_600_000),
    expires_at: iso(NOON + 3_600_000),
    remaining_seconds: 3_600,
    ...facts,
  };
  return aLock({ held: true, state: 'held', lock, last_fence: lock.fence, ...change });
}

export const aGrant = (change: Partial<WireGrant> = {}): WireGrant => ({
  lock_id: 'lck_0123456789abcdef',
  holder: 'alice',
  reason: null,
  cluster: 'default',
  fence: 413,
  acquired_at: iso(NOON),
  expires_at: iso(NOON + 3_600_000),
  ttl_seconds: 3_600,
  renew_after_seconds: 1_200,
  ...change,
});

export function aRenewal(change: Partial<WireRenewal> = {}): WireRenewal {
  const { lock_id: _secret, ...lease } = aGrant();
  return { ...lease, ...change };
}

export const aSchedule = (change: Partial<WireSchedule> = {}): WireSchedule => ({
  id: 'nightly-evaluation',
  owner: 'cron on build-1',
  title: 'Nightly evaluation',
  cluster: 'default',
  model: 'gemma-27b',
  cron: '0 2 * * *',
  timezone: 'UTC',
  windows: [],
  duration_seconds: 5_400,
  url: 'https://ci.local/nightly',
  expires_after_seconds: null,
  stale: false,
  registered_at: iso(NOON - 7_200_000),
  created_at: iso(NOON - 86_400_000),
  ...change,
});

export const anOccurrence = (start: number, minutes: number, change: Partial<WireOccurrence> = {}): WireOccurrence => ({
  schedule: 'nightly-evaluation',
  owner: 'cron on build-1',
  title: 'Nightly evaluation',
  cluster: 'default',
  model: 'gemma-27b',
  url: 'https://ci.local/nightly',
  stale: false,
  start: iso(start),
  end: iso(start + minutes * 60_000),
  conflicts: [],
  ...change,
});

export const aCalendar = (from: number, items: readonly WireOccurrence[], schedules = [aSchedule()]): WireCalendar => ({
  items: [...items],
  next_cursor: null,
  cut_at: null,
  from: iso(from),
  to: iso(from + 7 * 86_400_000),
  schedules,
});

export const anAutomation = (change: Partial<WireAutomation> = {}): WireAutomation => ({
  id: 'aut_01',
  name: 'Coding model in the morning',
  cron: '0 7 * * 1-5',
  timezone: 'Europe/Berlin',
  enabled: true,
  missed: 'skip',
  lock_wait_seconds: 600,
  action: { type: 'swap', model: 'gemma-27b', cluster: 'default' },
  next_run_at: iso(NOON + 3 * 3_600_000),
  last_run: aRun(),
  created_at: iso(NOON - 86_400_000),
  updated_at: iso(NOON - 86_400_000),
  ...change,
});

export function aRun(change: Partial<WireAutomationRun> = {}): WireAutomationRun {
  return {
    id: 'run_01',
    automation: 'aut_01',
    scheduled_for: iso(NOON - 7_200_000),
    started_at: iso(NOON - 7_200_000),
    settled_at: iso(NOON - 7_000_000),
    outcome: 'succeeded',
    detail: 'gemma-27b is ready.',
    swap_id: 'swp_01',
    started_by: 'automation',
    ...change,
  };
}

export const aWebhook = (change: Partial<WireWebhook> = {}): WireWebhook => ({
  id: 'whk_01',
  url: 'http://receiver.local:8080/hook',
  events: ['swap_complete', 'lock_broken'],
  description: 'OpenClaw',
  enabled: true,
  allow_loopback: false,
  disabled_reason: null,
  pending: 0,
  dead: 0,
  created_at: iso(NOON - 86_400_000),
  updated_at: iso(NOON - 86_400_000),
  ...change,
});

export const aDelivery = (change: Partial<WireDelivery> = {}): WireDelivery => ({
  id: 'dlv_01',
  webhook: 'whk_01',
  type: 'swap_complete',
  sequence: 7,
  state: 'delivered',
  attempts: 1,
  next_attempt_at: null,
  created_at: iso(NOON - 60_000),
  settled_at: iso(NOON - 59_000),
  last: { at: iso(NOON - 59_000), duration_ms: 35, status: 200, error: null },
  request: { url: 'http://receiver.local:8080/hook', body: { type: 'swap_complete', sequence: 7 } },
  ...change,
});

export const anAuditEntry = (change: Partial<WireAuditEntry> = {}): WireAuditEntry => ({
  id: 3,
  at: iso(NOON - 60_000),
  actor: { name: 'alice', address: '10.0.0.7', request_id: 'req_9' },
  action: 'lock_broken',
  cluster: 'default',
  target: 'nightly-batch',
  fence: 412,
  note: 'the host has to be rebooted',
  hash: 'abc',
  ...change,
});
