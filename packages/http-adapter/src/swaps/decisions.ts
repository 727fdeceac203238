import { type CancelDecision, clusterKey, modelKey, SparkError, type SwapDecision, type SwapRequest } from '@spark-control/core';
import type { WireSwapRequest } from '@spark-control/schema';
import { givenLockId } from '../locks/lock-id.ts';
import { lockedError } from '../locks/refusals.ts';
import { type JsonAnswer, json } from '../routing/route.ts';
import type { SwapViews } from './view.ts';

/** Body, header and caller as the core's request. @throws {SparkError} INVALID_REQUEST when two lock ids contradict. */
export function swapRequestOf(
  body: WireSwapRequest,
  lockHeader: string | undefined,
  caller: string,
  defaults: Readonly<{ cluster: string; drainSeconds: number }>,
): SwapRequest {
  return {
    cluster: clusterKey(body.cluster ?? defaults.cluster),
    model: body.model === null ? null : modelKey(body.model),
    requestedBy: body.requested_by ?? caller,
    reason: body.reason ?? null,
    options: {
      drainSeconds: body.drain_seconds ?? defaults.drainSeconds,
      rollback: body.rollback ?? true,
      forceRestart: body.force_restart ?? false,
      replaceUnmanaged: body.replace_unmanaged ?? false,
      queueSeconds: body.queue_seconds ?? 600,
    },
    onBusy: body.on_busy ?? 'reject',
    lockId: givenLockId(body.lock_id, lockHeader),
  };
}

/** @throws {SparkError} for every refusal. */
export async function answerOf(decision: SwapDecision, views: SwapViews): Promise<JsonAnswer> {
  switch (decision.kind) {
    case 'started':
    case 'queued':
      return json(202, await views.view(decision.swap), { Location: `/api/swap/${encodeURIComponent(decision.swap.id)}` });
    case 'noop':
      return json(200, await views.view(decision.swap));
    case 'busy':
      throw new SparkError(
        'SWAP_IN_PROGRESS',
        `Swap ${decision.swapId} is running on this cluster. Follow it, cancel it, or ask again with on_busy "queue".`,
        {
          details: { swapId: decision.swapId, retryAfterSeconds: decision.retryAfterSeconds },
        },
      );
    case 'unmanaged':
      throw new SparkError('UNMANAGED_MODEL', decision.detail);
    case 'locked':
      throw lockedError('LOCKED', decision.lock, { retryAfterSeconds: decision.retryAfterSeconds });
    case 'lock_expired':
      throw new SparkError('LOCK_EXPIRED', decision.detail);
    case 'fenced_off':
      throw new SparkError('FENCED_OFF', decision.detail);
    case 'preflight_failed':
      throw new SparkError('PREFLIGHT_FAILED', 'A check before the start failed; `issues` names each.', {
        details: { issues: decision.issues },
      });
    default:
      return decision satisfies never;
  }
}

/** @throws {SparkError} SWAP_SETTLED or SWAP_ROLLING_BACK. */
export async function cancelAnswerOf(decision: CancelDecision, views: SwapViews): Promise<JsonAnswer> {
  const { id, phase } = decision.swap;
  switch (decision.kind) {
    case 'accepted':
      return json(202, await views.view(decision.swap), { Location: `/api/swap/${encodeURIComponent(id)}` });
    case 'settled':
      throw new SparkError('SWAP_SETTLED', `Swap ${id} is over (${phase}); nothing is left to cancel.`, { details: { swapId: id } });
    case 'rolling_back':
      throw new SparkError('SWAP_ROLLING_BACK', `Swap ${id} is rolling back, which cannot be cancelled; follow it until it settles.`, {
        details: { swapId: id },
      });
    default:
      return decision satisfies never;
  }
}
