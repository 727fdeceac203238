import type { JournalEntry } from '../ports/swap-journal.ts';
import type { Swap } from '../swap/swap.ts';
import { FORWARD_PHASES } from '../swap/swap-steps.ts';
import type { ServedEndpoint } from '../webhook/notice.ts';
import { swapNotices } from '../webhook/notices-of.ts';

/**
 * All that is to be stored when a swap goes from `before` to `after`: its new state, a history row, one event, the fence, what
 * webhooks are told, and a load time. `endpoint` is that of what serves now.
 */
export function entryOf(before: Swap | null, after: Swap, endpoint: ServedEndpoint | null): JournalEntry {
  const at = after.settledAt ?? after.phaseStartedAt;
  const moved = before?.phase !== after.phase;
  const note = after.cause?.message ?? null;
  const fence = after.fence !== null && after.fence !== before?.fence ? { cluster: after.cluster, value: after.fence } : null;
  const notices = moved ? swapNotices(before, after, endpoint) : [];
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

/** Steps from validating to warming: a swap that began more of them was taken up again after a restart. */
const UNDISTURBED = FORWARD_PHASES.length - 1;

/** Seconds from launch to ready; `null` when they tell nothing of the model, since the control plane was away meanwhile. */
function loadSeconds(swap: Swap): number | null {
  if (swap.attempt > UNDISTURBED) return null;
  const launched = swap.steps.find((step) => step.phase === 'launching')?.startedAt ?? null;
  return launched === null || swap.settledAt === null ? null : (swap.settledAt - launched) / 1_000;
}
