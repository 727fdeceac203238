import { type AcquireDecision, type BreakDecision, type ReleaseDecision, type RenewDecision, SparkError } from '@spark-control/core';
import type { WireGrant, WireRenewal } from '@spark-control/schema';
import { type JsonAnswer, json, noContent } from '../routing/route.ts';
import { secondsOf, timestamp } from '../wire-time.ts';
import { lockedError } from './refusals.ts';
import { leaseView } from './view.ts';

/** @throws {SparkError} LOCK_HELD */
export function acquireAnswerOf(decision: AcquireDecision): JsonAnswer {
  if (decision.kind === 'held') {
    const { inTheWay, waiting, retryAfterSeconds } = decision;
    throw lockedError('LOCK_HELD', inTheWay, { retryAfterSeconds, ...waiting });
  }
  const { lease, lockId, renewAfterMs } = decision.grant;
  const body: WireGrant = { lock_id: lockId, ...leaseView(lease), renew_after_seconds: secondsOf(renewAfterMs) };
  return json(201, body);
}

/** @throws {SparkError} for every refusal. */
export function renewAnswerOf(decision: RenewDecision): JsonAnswer {
  switch (decision.kind) {
    case 'renewed': {
      const body: WireRenewal = { ...leaseView(decision.lease), renew_after_seconds: secondsOf(decision.renewAfterMs) };
      return json(200, body);
    }
    case 'expired':
      throw expired(decision.at);
    case 'fenced_off':
      throw new SparkError('FENCED_OFF', decision.detail);
    default:
      return decision satisfies never;
  }
}

/** @throws {SparkError} for every refusal. */
export function releaseAnswerOf(decision: ReleaseDecision): JsonAnswer {
  switch (decision.kind) {
    case 'released':
      return noContent();
    case 'not_found':
      throw new SparkError('LOCK_NOT_FOUND', `This lock was released already, at ${timestamp(decision.at)}.`);
    case 'expired':
      throw expired(decision.at);
    case 'fenced_off':
      throw new SparkError('FENCED_OFF', decision.detail);
    case 'swap_running':
      throw new SparkError('SWAP_IN_PROGRESS', `Swap ${decision.swapId} still runs under this lock. Wait until it settles, or cancel it.`, {
        details: { swapId: decision.swapId },
      });
    default:
      return decision satisfies never;
  }
}

/** @throws {SparkError} LOCK_NOT_FOUND */
export function breakAnswerOf(decision: BreakDecision): JsonAnswer {
  if (decision.kind === 'broken') return json(200, leaseView(decision.lease));
  const { lock, cluster } = decision.view;
  const advice = lock?.implicit ? ` What is in the way is a swap of ${lock.holder}: cancel that.` : '';
  throw new SparkError('LOCK_NOT_FOUND', `Nobody holds the lock of cluster ${cluster}.${advice}`);
}

const expired = (at: number): SparkError =>
  new SparkError('LOCK_EXPIRED', `This lock was over at ${timestamp(at)}: it was not renewed in time. Acquire it again.`);
