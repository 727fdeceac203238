import { findModel } from '../catalog/model.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { type Issue, SparkError } from '../errors.ts';
import type { AutomationId, ClusterKey, ModelKey } from '../ids.ts';
import type { Automation, AutomationAction } from '../schedule/automation.ts';
import type { AutomationDeps } from './automation-deps.ts';
import { notFound } from './not-found.ts';
import type { NewAutomation } from './schedule-api.ts';

/**
 * Refuses what could not work: of a change only what it touches, so that an automation whose model has left the catalog can
 * still be switched off. Throws INVALID_REQUEST, then CLUSTER_NOT_FOUND or MODEL_NOT_FOUND, with a path per fault.
 */
export function checkAutomation(
  deps: Pick<AutomationDeps, 'core' | 'calendar' | 'services'>,
  wanted: NewAutomation,
  touched: Partial<NewAutomation>,
  others: readonly Automation[],
  self: AutomationId | null,
): void {
  const issues: Issue[] = [];
  if (touched.name !== undefined && others.some(({ id, name }) => id !== self && name === wanted.name)) {
    // Its name stands in the line for the lock, and of two swaps of one requester the newer replaces the older.
    issues.push({ path: '/name', code: 'taken', message: 'another automation has this name' });
  }
  if (touched.cron !== undefined || touched.timezone !== undefined) {
    const problem = deps.calendar.problem(wanted.cron, wanted.timezone);
    if (problem !== null) issues.push({ path: `/${problem.field}`, code: `bad_${problem.field}`, message: problem.message });
  }
  if (touched.action !== undefined) issues.push(...actionIssues(deps, touched.action));
  const [first] = issues;
  if (first !== undefined) throw new SparkError('INVALID_REQUEST', `${first.path}: ${first.message}.`, { details: { issues } });
  if (touched.action !== undefined) refuseUnknown(deps.core, touched.action);
}

function actionIssues({ core, services }: Pick<AutomationDeps, 'core' | 'services'>, action: AutomationAction): readonly Issue[] {
  switch (action.type) {
    case 'swap':
    case 'warm': {
      const model = action.model === null ? null : findModel(core.catalog(), action.model);
      const isKept = model === null || model.clusters.length === 0 || model.clusters.includes(action.cluster);
      if (isKept) return [];
      return [{ path: '/action/model', code: 'not_allowed', message: `the model runs on ${model.clusters.join(', ')} only` }];
    }
    case 'restart_service': {
      const keys = services?.keys() ?? null;
      if (keys === null || keys.includes(action.service)) return [];
      const near = nearMatches(action.service, keys);
      const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}` : keys.length > 0 ? `; there are ${keys.join(', ')}` : '';
      return [{ path: '/action/service', code: 'unknown_service', message: `there is no such service${hint}` }];
    }
    case 'health_sweep':
    case 'qdrant_snapshot':
      return [];
    default:
      return action satisfies never;
  }
}

function refuseUnknown(core: AutomationDeps['core'], action: AutomationAction): void {
  if (action.type !== 'swap' && action.type !== 'warm') return;
  const clusters = core.clusters.map(({ key }) => key);
  if (!clusters.includes(action.cluster)) throw absent('CLUSTER_NOT_FOUND', '/action/cluster', action.cluster, clusters);
  const models = core.catalog().models.map(({ key }) => key);
  if (action.model !== null && !models.includes(action.model)) throw absent('MODEL_NOT_FOUND', '/action/model', action.model, models);
}

function absent(
  code: 'CLUSTER_NOT_FOUND' | 'MODEL_NOT_FOUND',
  path: string,
  key: ClusterKey | ModelKey,
  known: readonly string[],
): SparkError {
  const { message } = notFound(code, key, nearMatches(key, known));
  return new SparkError(code, message, { details: { issues: [{ path, code: 'not_found', message }] } });
}
