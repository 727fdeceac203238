import { type AutomationAction, clusterKey, modelKey, type NewAutomation } from '@spark-control/core';
import type { WireChangeAutomation, WireCreateAutomation } from '@spark-control/schema';

const DEFAULT_LOCK_WAIT_SECONDS = 600;

type WireAction = WireCreateAutomation['action'];

/** The body of a POST with what it leaves out filled in. */
export function newAutomationOf(body: WireCreateAutomation, defaultCluster: string): NewAutomation {
  return {
    name: body.name,
    cron: body.cron,
    timezone: body.timezone ?? 'UTC',
    enabled: body.enabled ?? true,
    missed: body.missed ?? 'skip',
    lockWaitMs: (body.lock_wait_seconds ?? DEFAULT_LOCK_WAIT_SECONDS) * 1_000,
    action: actionOf(body.action, defaultCluster),
  };
}

/** What a PATCH changes, and nothing else. */
export function changeOf(body: WireChangeAutomation, defaultCluster: string): Partial<NewAutomation> {
  const { name, cron, timezone, enabled, missed, lock_wait_seconds, action } = body;
  return {
    ...(name !== undefined && { name }),
    ...(cron !== undefined && { cron }),
    ...(timezone !== undefined && { timezone }),
    ...(enabled !== undefined && { enabled }),
    ...(missed !== undefined && { missed }),
    ...(lock_wait_seconds !== undefined && { lockWaitMs: lock_wait_seconds * 1_000 }),
    ...(action !== undefined && { action: actionOf(action, defaultCluster) }),
  };
}

function actionOf(action: WireAction, defaultCluster: string): AutomationAction {
  switch (action.type) {
    case 'swap':
      return {
        type: 'swap',
        cluster: clusterKey(action.cluster ?? defaultCluster),
        model: action.model === null ? null : modelKey(action.model),
      };
    case 'warm':
      return {
        type: 'warm',
        cluster: clusterKey(action.cluster ?? defaultCluster),
        model: modelKey(action.model),
        launch: action.launch ?? false,
      };
    case 'restart_service':
      return { type: 'restart_service', service: action.service };
    case 'health_sweep':
      return { type: 'health_sweep' };
    case 'qdrant_snapshot':
      return {
        type: 'qdrant_snapshot',
        collection: action.collection ?? null,
        service: action.service ?? null,
        keepCount: action.keep_count ?? null,
        keepDays: action.keep_days ?? null,
      };
    default:
      return action satisfies never;
  }
}
