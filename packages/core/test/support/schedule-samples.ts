import { type Automation, automationId, clusterKey, type LockView, type NewSchedule, type Schedule, scheduleKey } from '../../src/index.ts';

export const HOUR_MS = 3_600_000;
/** Noon of a Monday, UTC. */
export const NOON = Date.parse('2026-11-23T12:00:00Z');

export const aNewSchedule = (id: string, over: Partial<NewSchedule> = {}): NewSchedule => ({
  id: scheduleKey(id),
  owner: 'cron:nightly',
  title: `Plan ${id}`,
  cluster: clusterKey('default'),
  model: null,
  cron: null,
  timezone: 'UTC',
  windows: [],
  durationMs: 0,
  url: null,
  expiresAfterMs: null,
  ...over,
});

export const aSchedule = (id: string, over: Partial<Schedule> = {}): Schedule => ({
  ...aNewSchedule(id),
  registeredAt: NOON,
  createdAt: NOON,
  ...over,
});

/** A window of so many hours, counted from {@link NOON}. */
export const hours = (start: number, end: number) => ({ start: NOON + start * HOUR_MS, end: NOON + end * HOUR_MS });

export const anAutomation = (name: string, over: Partial<Automation> = {}): Automation => ({
  id: automationId(`aut_${name}`),
  name,
  cron: '0 15 * * *',
  timezone: 'UTC',
  enabled: true,
  missed: 'skip',
  lockWaitMs: 0,
  action: { type: 'swap', cluster: clusterKey('default'), model: null },
  createdAt: 0,
  updatedAt: 0,
  ...over,
});

export const aLock = (holder: string, expiresAt: number | null, over: Partial<LockView> = {}): LockView => ({
  cluster: clusterKey('default'),
  state: 'held',
  lock: { holder, reason: null, fence: 1, implicit: expiresAt === null, acquiredAt: NOON - HOUR_MS, expiresAt, remainingMs: null },
  lastFence: 1,
  queue: [],
  ...over,
});
