import type { ClusterKey } from '../ids.ts';
import { type ActionContext, type ActionResult, done, failed, requesterOf } from './action-context.ts';
import type { AutomationDeps } from './automation-deps.ts';
import { underTakenLock } from './under-lock.ts';

/** Long enough for a control plane that is restarted in the middle; it is renewed as long as the restart lasts. */
const LOCK_TTL_MS = 120_000;

/** Restarts a service. One that works on the GPU of a cluster is restarted under that cluster's lock: its holder counts on the memory being still. */
export async function restartService(deps: AutomationDeps, context: ActionContext, service: string): Promise<ActionResult> {
  const { services, clock } = deps;
  if (services === null) return failed('No services can be reached from here, so none can be restarted.');
  if (!services.keys().includes(service)) return failed(`There is no service "${service}" any more.`);
  const restart = async (signal: AbortSignal): Promise<ActionResult> => {
    const begun = clock.monotonic();
    await services.restart(service, signal);
    return done(`${service} was restarted in ${Math.round((clock.monotonic() - begun) / 1_000)} s.`);
  };
  const cluster = services.gpuOf(service);
  return cluster === null ? await restart(context.signal) : await underLock(deps, context, cluster, service, restart);
}

async function underLock(
  { core, clock, logger }: AutomationDeps,
  { automation, signal }: ActionContext,
  cluster: ClusterKey,
  service: string,
  task: (signal: AbortSignal) => Promise<ActionResult>,
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
  const { lockId, lease } = decision.grant;
  return underTakenLock({ locks: core.locks, clock, logger }, { lockId, lease, actor, isOurs: true }, signal, task);
}
