import { type ErrorDetails, type LockFacts, SparkError } from '@spark-control/core';
import { timestamp } from '../wire-time.ts';

/** Somebody else's lock is in the way, of a swap (`LOCKED`) or of another lock (`LOCK_HELD`). */
export function lockedError(code: 'LOCKED' | 'LOCK_HELD', lock: LockFacts, details: Omit<ErrorDetails, 'lock'>): SparkError {
  return new SparkError(code, `${whose(lock)} Wait until it ends, or ask its holder.`, { details: { ...details, lock } });
}

function whose({ holder, reason, implicit, expiresAt, remainingMs }: LockFacts): string {
  const why = reason === null ? '' : ` (${reason})`;
  if (implicit && expiresAt !== null)
    return `The lock is free, but kept until ${timestamp(expiresAt)} for ${holder}${why}, who is first in line.`;
  if (implicit || expiresAt === null) return `A swap of ${holder}${why} runs on this cluster.`;
  if (remainingMs === 0) return `The lock of ${holder}${why} is over, but the swap under it still runs.`;
  return `${holder}${why} holds the lock of this cluster until ${timestamp(expiresAt)}.`;
}

/** For whoever joined this request by its Idempotency-Key: one that can be tried again, so that it is not kept as the answer. */
export const goneBeforeGrant = (): SparkError =>
  new SparkError('QUEUE_TIMEOUT', 'Whoever asked had gone when the lock was granted, so it was released again. Ask again.');
