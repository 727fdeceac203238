import type { AutomationAction, AutomationRun, AutomationStatus } from '@spark-control/core';
import type { WireAutomation, WireAutomationRun } from '@spark-control/schema';
import { nullableTimestamp, timestamp } from '../wire-time.ts';

export function automationView(automation: AutomationStatus): WireAutomation {
  const { id, name, cron, timezone, enabled, missed, lockWaitMs, action, nextRunAt, lastRun, createdAt, updatedAt } = automation;
  return {
    ...{ id, name, cron, timezone, enabled, missed },
    lock_wait_seconds: Math.round(lockWaitMs / 1_000),
    action: actionView(action),
    next_run_at: nullableTimestamp(nextRunAt),
    last_run: lastRun && runView(lastRun),
    created_at: timestamp(createdAt),
    updated_at: timestamp(updatedAt),
  };
}

/** Its fields are single words, the same here and there, but for those of a snapshot. */
function actionView(action: AutomationAction): WireAutomation['action'] {
  if (action.type !== 'qdrant_snapshot') return { ...action };
  const { type, collection, service = null, keepCount = null, keepDays = null } = action;
  return { type, collection, service, keep_count: keepCount, keep_days: keepDays };
}

export function runView({
  id,
  automation,
  scheduledFor,
  startedAt,
  settledAt,
  outcome,
  detail,
  swap,
  startedBy,
}: AutomationRun): WireAutomationRun {
  return {
    ...{ id, automation, outcome, detail },
    scheduled_for: nullableTimestamp(scheduledFor),
    started_at: timestamp(startedAt),
    settled_at: nullableTimestamp(settledAt),
    swap_id: swap,
    started_by: startedBy,
  };
}
