import type { Model } from '../catalog/model.ts';
import { findModel } from '../catalog/model.ts';
import { nameRepo, needsRepo, otherUsers } from '../catalog/references.ts';
import { SparkError } from '../errors.ts';
import type { ClusterKey, SwapId } from '../ids.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import { isOver } from '../operation/operation.ts';
import { isSettled, type Swap } from '../swap/swap.ts';
import type { ClusterView } from './cluster-view.ts';
import { servingNow } from './serving-now.ts';
import type { StorageDeskDeps } from './storage-api.ts';

/** How many of the last swaps of a cluster are looked through for the one that started what serves. */
const LOOKED_AT = 20;

type GuardDeps = Pick<StorageDeskDeps, 'core' | 'operations'>;

/** The repository of a model. @throws {SparkError} NOT_SUPPORTED for a local path. */
export function repoOf({ key, source }: Model, what: 'deleted' | 'downloaded'): string {
  if (source.kind === 'repo') return source.repo;
  const why = what === 'deleted' ? 'a folder that somebody put there is never deleted from a disk' : 'nothing can be downloaded into it';
  throw new SparkError('NOT_SUPPORTED', `${key} lies at the local path ${source.path}: ${why}.`);
}

/**
 * Why the weights of a model may not be deleted, or `null`. That a process on a host uses them without our knowing shows on the host
 * itself, and is looked for there. `force` passes over other entries of the catalog, never over what is in use.
 */
export async function objectionTo(deps: GuardDeps, model: Model, force: boolean): Promise<SparkError | null> {
  const { core, operations } = deps;
  const repo = repoOf(model, 'deleted');
  for (const view of core.views()) {
    const serving = await servingNow(core, view);
    const use = (await servedUse(deps, { ...view, serving }, model, repo)) ?? (await swapUse(deps, view, repo));
    if (use !== null) return inUse(use);
  }
  const download = operations
    .recent()
    .find((operation) => operation.kind === 'model_download' && !isOver(operation) && needs(deps, operation.subject, repo));
  if (download !== undefined) return inUse(`${repo} is being downloaded.`, { operationId: download.id });
  const others = otherUsers(core.catalog().models, model, repo);
  if (others.length === 0 || force) return null;
  return inUse(`${repo} is needed by other entries of the catalog too: ${others.join(', ')}. To delete it all the same, ask with force.`);
}

/** Something not ours is known by the name it serves only. What is ours runs as it was started, whatever its entry says by now. */
async function servedUse(
  deps: GuardDeps,
  { cluster, serving, servedModelName }: ClusterView,
  model: Model,
  repo: string,
): Promise<string | null> {
  if (serving.kind === 'model') {
    const plan = await planOf(deps, cluster, serving.model);
    const isNeeded = needs(deps, serving.model, repo) || (plan !== null && nameRepo(plan.args, repo));
    return isNeeded ? `${serving.model} serves on cluster ${cluster} with ${repo}.` : null;
  }
  const isOfThatName = servedModelName === repo || servedModelName === model.servedModelName;
  if (serving.kind !== 'unmanaged' || !isOfThatName) return null;
  return `Something that Spark Control did not start serves ${servedModelName} on cluster ${cluster}.`;
}

/** By which a model that serves was started, where one of the last swaps of its cluster did that. */
async function planOf({ core }: GuardDeps, cluster: ClusterKey, key: string): Promise<LaunchPlan | null> {
  const swaps = await core.swaps({ cluster, settled: true, limit: LOOKED_AT });
  const startings = swaps.flatMap((swap): readonly Readonly<{ at: number; plan: LaunchPlan }>[] => {
    if (swap.noop || swap.serving?.kind !== 'model' || swap.serving.model !== key) return [];
    const plan = swap.phase === 'ready' ? swap.plan : swap.previous.kind === 'plan' ? swap.previous.plan : null;
    return plan === null ? [] : [{ at: swap.settledAt ?? 0, plan }];
  });
  return startings.toSorted((a, b) => b.at - a.at)[0]?.plan ?? null;
}

/** What a swap goes to, and what it would go back to. */
async function swapUse(deps: GuardDeps, { cluster, activeSwap, queued }: ClusterView, repo: string): Promise<string | null> {
  const ids: readonly SwapId[] = activeSwap === null ? queued : [activeSwap, ...queued];
  for (const id of ids) {
    const swap = await deps.core.swap(id);
    if (swap === null || isSettled(swap)) continue;
    const key =
      keysOf(swap).find((candidate) => needs(deps, candidate, repo)) ?? plansOf(swap).find(({ args }) => nameRepo(args, repo))?.model;
    if (key !== undefined) return `The swap ${id} on cluster ${cluster} needs ${key}, and with it ${repo}.`;
  }
  return null;
}

const keysOf = ({ target, previous }: Swap): readonly string[] => [
  ...(target === null ? [] : [target]),
  ...(previous.kind === 'plan' || previous.kind === 'unknown' ? [previous.model ?? ''] : []),
];

const plansOf = ({ plan, previous }: Swap): readonly LaunchPlan[] => [
  ...(plan === null ? [] : [plan]),
  ...(previous.kind === 'plan' ? [previous.plan] : []),
];

const needs = ({ core }: GuardDeps, key: string, repo: string): boolean => {
  const model = findModel(core.catalog(), key);
  return model !== null && needsRepo(model, repo);
};

export const inUse = (message: string, details: Readonly<Record<string, unknown>> = {}): SparkError =>
  new SparkError('MODEL_IN_USE', message, { details });
