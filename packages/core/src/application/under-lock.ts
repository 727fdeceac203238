import type { Actor } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import { type ClusterKey, type LockId, lockId } from '../ids.ts';
import type { Lease, LockFacts } from '../lock/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { linkedAbort } from './linked-abort.ts';
import type { LockDesk } from './lock-api.ts';

/** Long enough for a control plane that is restarted in the middle, short enough that a crash does not shut others out for long. */
const OWN_TTL_MS = 120_000;
const RENEW_EVERY_MS = 30_000;
/** A store that was full may take a grant to somebody else as soon as it takes a renewal. */
const TRY_AGAIN_MS = 1_000;

export type LockTools = Readonly<{ locks: LockDesk; clock: Clock; logger: Logger }>;

export type LockNeed = Readonly<{
  cluster: ClusterKey;
  /** The caller's own lock; `null`: one is taken for the work. */
  lockId: string | null;
  holder: string;
  reason: string;
  actor: Actor;
  /** How long to wait for a turn. Default: 0, refuse at once. */
  waitMs?: number;
}>;

/** A lock that is held for some work. `isOurs`: taken for it, and so released with it. */
export type TakenLock = Readonly<{ lockId: LockId; lease: Lease; actor: Actor; isOurs: boolean }>;

/**
 * Takes the cluster's lock for work on its GPU, or makes sure that the caller's is the live one.
 * Rejects LOCKED (with the lock in the details), LOCK_EXPIRED, FENCED_OFF, CLUSTER_NOT_FOUND, STORE_UNAVAILABLE.
 */
export async function takeLock(tools: LockTools, need: LockNeed, signal: AbortSignal): Promise<TakenLock> {
  return need.lockId === null ? take(tools, need, signal) : confirm(tools, need, lockId(need.lockId));
}

async function take({ locks }: LockTools, need: LockNeed, signal: AbortSignal): Promise<TakenLock> {
  const { cluster, holder, reason, actor, waitMs = 0 } = need;
  const decision = await locks.acquire({ cluster, holder, reason, ttlMs: OWN_TTL_MS, waitMs, ticket: null, actor }, signal);
  switch (decision.kind) {
    case 'granted':
      return { lockId: decision.grant.lockId, lease: decision.grant.lease, actor, isOurs: true };
    case 'held':
      throw locked(cluster, decision.inTheWay, decision.retryAfterSeconds);
    default:
      return decision satisfies never;
  }
}

/** A renewal is the one question about a lock id that is answered inside the arbiter; it moves the end of the caller's lock to no earlier time. */
async function confirm({ locks }: LockTools, { cluster, actor }: LockNeed, id: LockId): Promise<TakenLock> {
  locks.view(cluster); // rejects for a cluster that does not exist
  const decision = await locks.renew(id, null, actor);
  if (decision.kind === 'expired') throw new SparkError('LOCK_EXPIRED', `The lock that was given is over on ${cluster}; acquire it again.`);
  if (decision.kind === 'fenced_off') throw new SparkError('FENCED_OFF', decision.detail);
  if (decision.lease.cluster !== cluster) {
    throw new SparkError('FENCED_OFF', `The lock that was given is of cluster ${decision.lease.cluster}, not of ${cluster}.`);
  }
  return { lockId: id, lease: decision.lease, actor, isOurs: false };
}

/**
 * Does `task` while the lock is kept alive, and releases it at the end when it was taken for the task. The task's signal aborts with
 * FENCED_OFF or LOCK_EXPIRED as soon as the lock is known to be lost: whoever holds it now counts on the GPU being theirs.
 */
export async function underTakenLock<T>(
  tools: LockTools,
  taken: TakenLock,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const work = linkedAbort(signal);
  const keeping = linkedAbort(signal);
  const kept = keep(tools, taken, keeping.signal, work.abort);
  try {
    return await task(work.signal);
  } finally {
    keeping.abort(null);
    await kept;
    work.release();
    keeping.release();
    if (taken.isOurs) await release(tools, taken);
  }
}

async function keep(
  { locks, clock, logger }: LockTools,
  { lockId: id, lease, actor }: TakenLock,
  signal: AbortSignal,
  lost: (reason: SparkError) => void,
): Promise<void> {
  const everyMs = Math.min(RENEW_EVERY_MS, Math.floor(lease.ttlMs / 3));
  let { ttlMs } = lease;
  let renewedAt = clock.monotonic();
  let waitMs = everyMs;
  for (;;) {
    try {
      await clock.sleep(waitMs, signal);
    } catch {
      return; // the task is over
    }
    const askedAt = clock.monotonic();
    try {
      const decision = await locks.renew(id, null, actor);
      if (decision.kind !== 'renewed') return lost(lossOf(lease, decision.kind));
      ttlMs = decision.lease.ttlMs;
      renewedAt = askedAt;
      waitMs = everyMs;
    } catch (error) {
      // The store may be full for a while; how long that is all right, the lease says.
      if (waitMs === everyMs) logger.warn('a lock could not be renewed yet', { cluster: lease.cluster, error });
      if (clock.monotonic() - renewedAt >= ttlMs) return lost(lossOf(lease, 'expired'));
      waitMs = Math.min(everyMs, TRY_AGAIN_MS);
    }
  }
}

function lossOf({ cluster }: Lease, how: 'expired' | 'fenced_off'): SparkError {
  const wasBroken = how === 'fenced_off';
  const words = `The lock of ${cluster} ${wasBroken ? 'was broken' : 'is over'} in the middle of the work.`;
  return new SparkError(wasBroken ? 'FENCED_OFF' : 'LOCK_EXPIRED', words);
}

async function release({ locks, logger }: LockTools, { lockId: id, lease, actor }: TakenLock): Promise<void> {
  await locks.release(id, actor).catch((error: unknown) => {
    logger.warn('a lock could not be released; it expires by itself', { cluster: lease.cluster, error });
  });
}

function locked(cluster: ClusterKey, lock: LockFacts, retryAfterSeconds: number): SparkError {
  const why = lock.reason === null ? '' : ` (${lock.reason})`;
  return new SparkError('LOCKED', `${lock.holder}${why} has the lock of cluster ${cluster}.`, { details: { lock, retryAfterSeconds } });
}
