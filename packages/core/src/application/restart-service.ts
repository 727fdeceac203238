import type { ClusterKey } from '../ids.ts';
import { type ActionContext, type ActionResult, done, failed, requesterOf } from './action-context.ts';
import type { AutomationDeps } from './automation-deps.ts';

/** Longer than any restart; ended by hand as soon as it is over. */
const LOCK_TTL_MS = 300_000;

/** Restarts a service. One that works on the GPU of a cluster is restarted under that cluster's lock: its holder counts on the memory being still. */
export async function restartService(deps: AutomationDeps, context: ActionContext, service: string): Promise<ActionResult> {
  const { services, clock } = deps;
  if (services === null) return failed('No services can be reached from here, so none can be restarted.');
  if (!services.keys().includes(service)) return failed(`There is no service "${service}" any more.`);
  const restart = async (): Promise<ActionResult> => {
    const begun = clock.monotonic();
    await services.restart(service, context.signal);
    return done(`${service} was restarted in ${Math.round((clock.monotonic() - begun) / 1_000)} s.`);
  };
  const cluster = services.gpuOf(service);
  return cluster === null ? await restart() : await underLock(deps, context, cluster, service, restart);
}

async function underLock(
  { core, logger }: AutomationDeps,
  { automation, signal }: ActionContext,
  cluster: ClusterKey,
  service: string,
  task: () => Promise<ActionResult>,
): Promise<ActionResult> {
  const holder = requesterOf(automation);
  const actor = { name: holder, address: null, requestId: null };
  const decision = await core.locks.acquire(
    { cluster, holder, reason: `restart of ${service}`, ttlMs: LOCK_TTL_MS, waitMs: automation.lockWaitMs, ticket: null, actor },
    signal,
  );
  if (decision.kind === 'held') {
    const waited = automation.lockWaitMs === 0 ? '' : ` after ${Math.round(automation.lockWaitMs / 1_000)} s of waiting`;
    return failed(`${decision.inTheWay.holder} has the lock of ${cluster}${waited}; ${service} was left alone.`);
  }
  try {
    return await task();
  } finally {
    await core.locks.release(decision.grant.lockId, actor).catch((error: unknown) => {
      logger.warn('the lock of a restart could not be released; it expires by itself', { cluster, service, error });
    });
  }
}
