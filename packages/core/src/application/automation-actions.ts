import { isSparkError } from '../errors.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import type { AutomationAction } from '../schedule/automation.ts';
import { isSettled, type Serving, type Swap } from '../swap/swap.ts';
import { endpointOf } from '../topology/cluster.ts';
import { type ActionContext, type ActionResult, done, failed, reasonOf, requesterOf } from './action-context.ts';
import type { AutomationDeps } from './automation-deps.ts';
import { awaitSwap } from './await-swap.ts';
import { sweep } from './health-sweep.ts';
import { restartService } from './restart-service.ts';

/** Does what an automation is for. Rejects with `signal.reason` on abort; what goes wrong otherwise is in the result. */
export async function perform(deps: AutomationDeps, context: ActionContext): Promise<ActionResult> {
  const { action } = context.automation;
  try {
    switch (action.type) {
      case 'swap':
        return await swapTo(deps, context, action.cluster, action.model);
      case 'warm':
        return await warm(deps, context, action);
      case 'restart_service':
        return await restartService(deps, context, action.service);
      case 'health_sweep':
        return await sweep(deps, context.signal);
      case 'qdrant_snapshot':
        return await snapshot(deps, context, action);
      default:
        return action satisfies never;
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (isSparkError(error)) return failed(error.message);
    deps.logger.error('an automation failed unexpectedly', { automation: context.automation.id, run: context.run.id, error });
    return failed('Something went wrong that should not have; the log has the details.');
  }
}

/** Waits for the end of the swap of a run. */
export async function conclude(deps: AutomationDeps, id: SwapId, signal: AbortSignal): Promise<ActionResult> {
  const swap = await awaitSwap(deps.core, deps.clock, id, signal);
  return swap === null ? failed(`Swap ${id} is not known any more; what became of it is not known.`) : resultOf(swap);
}

async function swapTo(deps: AutomationDeps, context: ActionContext, cluster: ClusterKey, model: ModelKey | null): Promise<ActionResult> {
  const { automation, run, hasSwap, signal } = context;
  const queueSeconds = Math.ceil(automation.lockWaitMs / 1_000);
  const decision = await deps.core.requestSwap({
    cluster,
    model,
    requestedBy: requesterOf(automation),
    reason: reasonOf(run),
    options: { drainSeconds: 30, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds },
    onBusy: queueSeconds > 0 ? 'queue' : 'reject',
    lockId: null,
  });
  switch (decision.kind) {
    case 'noop':
      return done(model === null ? `Nothing was loaded on ${cluster} already.` : `${model} serves on ${cluster} already.`);
    case 'started':
    case 'queued':
      await hasSwap(decision.swap.id);
      return conclude(deps, decision.swap.id, signal);
    case 'busy':
      return failed(`Swap ${decision.swapId} is running on ${cluster}, and this automation does not wait.`);
    case 'locked':
      return failed(`${decision.lock.holder} has the lock of ${cluster}.`);
    case 'unmanaged':
    case 'lock_expired':
    case 'fenced_off':
      return failed(decision.detail);
    case 'preflight_failed':
      return failed(`The checks before the start failed: ${decision.issues.map(({ message }) => message).join(' ')}`);
    default:
      return decision satisfies never;
  }
}

async function warm(
  deps: AutomationDeps,
  context: ActionContext,
  action: Readonly<{ cluster: ClusterKey; model: ModelKey; launch: boolean }>,
): Promise<ActionResult> {
  const { cluster: key, model } = action;
  const cluster = deps.core.clusters.find((candidate) => candidate.key === key);
  if (cluster === undefined) return failed(`There is no cluster ${key} any more.`);
  const viewOf = () => deps.core.views().find((view) => view.cluster === key);
  const serves = (): boolean => {
    const view = viewOf();
    return view?.serving.kind === 'model' && view.serving.model === model && view.isHealthy;
  };
  if (!serves()) {
    if (!action.launch) return failed(`${servingWords(viewOf()?.serving)} on ${key}, not ${model}; with "launch" it would be swapped in.`);
    const swapped = await swapTo(deps, context, key, model);
    // A swap ends with a completion of its own; a no-op may have found it only now.
    if (!swapped.ok || !serves()) return swapped;
  }
  const name = viewOf()?.servedModelName ?? model;
  const begun = deps.clock.monotonic();
  await deps.endpoint.completeOneToken(endpointOf(cluster), name, context.signal);
  return done(`${model} answered a completion on ${key} in ${Math.max(0, deps.clock.monotonic() - begun)} ms.`);
}

async function snapshot(
  { vectors }: AutomationDeps,
  { automation, run, signal }: ActionContext,
  { service = null, collection, keepCount = null, keepDays = null }: Extract<AutomationAction, { type: 'qdrant_snapshot' }>,
): Promise<ActionResult> {
  if (vectors === null) return failed('No vector store is configured, so there is nothing to take a snapshot of.');
  const asker = { requestedBy: requesterOf(automation), reason: reasonOf(run) };
  const { made, removed, remarks } = await vectors.snapshot({ service, collection, keepCount, keepDays, ...asker }, signal);
  const names = made.map(({ name }) => name).join(', ');
  const words = [`${made.length} ${made.length === 1 ? 'snapshot' : 'snapshots'}${names === '' ? '' : `: ${names}`}.`];
  if (removed > 0) words.push(`${removed} older ${removed === 1 ? 'one was' : 'ones were'} removed.`);
  return done([...words, ...remarks].join(' '));
}

function resultOf(swap: Swap): ActionResult {
  const { id, cluster, target, cause } = swap;
  if (!isSettled(swap)) return failed(`Swap ${id} has not settled.`);
  const seconds = Math.max(0, Math.round(((swap.settledAt ?? swap.createdAt) - swap.createdAt) / 1_000));
  if (swap.phase === 'ready') return done(`${target ?? 'Nothing'} serves on ${cluster} after ${seconds} s (swap ${id}).`);
  const why = cause === null ? '' : ` ${cause.message}`;
  return failed(`Swap ${id} ended as ${swap.phase}.${why} ${servingWords(swap.serving ?? undefined)} on ${cluster}.`);
}

function servingWords(serving: Serving | undefined): string {
  switch (serving?.kind) {
    case 'model':
      return `${serving.model} serves`;
    case 'nothing':
      return 'Nothing serves';
    case 'unmanaged':
      return 'Something that Spark Control did not start serves';
    case 'unknown':
    case undefined:
      return 'It is not known what serves';
    default:
      return serving satisfies never;
  }
}
