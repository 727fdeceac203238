import type { JournalEntry } from '../ports/swap-journal.ts';
import type { Swap } from '../swap/swap.ts';
import { FORWARD_PHASES } from '../swap/swap-steps.ts';
import { type Cluster, endpointOf } from '../topology/cluster.ts';
import type { ServedEndpoint } from '../webhook/notice.ts';
import { swapNotices } from '../webhook/notices-of.ts';

/**
 * All that is to be stored when a swap goes from `before` to `after`: its new state, a history row, one event, the fence, what
 * webhooks are told, and a load time. `cluster` is `null` when it is no longer configured.
 */
export function entryOf(before: Swap | null, after: Swap, cluster: Cluster | null): JournalEntry {
  const at = after.settledAt ?? after.phaseStartedAt;
  const moved = before?.phase !== after.phase;
  const note = after.cause?.message ?? null;
  const fence = after.fence !== null && after.fence !== before?.fence ? { cluster: after.cluster, value: after.fence } : null;
  const notices = moved ? swapNotices(before, after, cluster === null ? null : servedEndpoint(cluster, after)) : [];
  const seconds = moved && after.phase === 'ready' ? loadSeconds(after) : null;
  return {
    swap: after,
    events: [{ kind: 'swap', cluster: after.cluster, swapId: after.id, at, swap: after }],
    ...(moved ? { transition: { swap: after.id, from: before?.phase ?? null, to: after.phase, at, note } } : {}),
    ...(fence === null ? {} : { fence }),
    ...(notices.length === 0 ? {} : { notices }),
    ...(seconds === null || after.plan === null
      ? {}
      : { loadTime: { cluster: after.cluster, model: after.plan.model, simulated: after.simulated, seconds, at, succeeded: true } }),
  };
}

/** Where the model is to be had that serves after the swap, or still while it runs; `null` when none of ours does. */
function servedEndpoint(cluster: Cluster, swap: Swap): ServedEndpoint | null {
  const { previous, serving } = swap;
  const old = previous.kind === 'plan' ? previous.plan : null;
  const plan = swap.phase === 'ready' ? swap.plan : old;
  const isThere = serving === null ? plan !== null : serving.kind === 'model' && serving.model === plan?.model;
  if (plan === null || !isThere) return null;
  return {
    baseUrl: `${endpointOf(cluster)}/v1`,
    modelId: plan.servedModelName,
    maxModelLen: plan === swap.plan ? swap.maxModelLen : null,
  };
}

/** Steps from validating to warming: a swap that began more of them was taken up again after a restart. */
const UNDISTURBED = FORWARD_PHASES.length - 1;

/** Seconds from launch to ready; `null` when they tell nothing of the model, since the control plane was away meanwhile. */
function loadSeconds(swap: Swap): number | null {
  if (swap.attempt > UNDISTURBED) return null;
  const launched = swap.steps.find((step) => step.phase === 'launching')?.startedAt ?? null;
  return launched === null || swap.settledAt === null ? null : (swap.settledAt - launched) / 1_000;
}
