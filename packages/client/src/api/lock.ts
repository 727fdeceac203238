import type { WireAcquireRequest, WireGrant, WireLease, WireLock, WireRenewal } from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';
import { lockHeader } from './swaps.ts';

const PATH = '/api/swap/lock';

export type LockApi = Readonly<{
  /**
   * Waits up to `wait_seconds` (60 at most). When it is not granted it rejects with LOCK_HELD, whose `problem` says who holds the
   * lock and has the `ticket` that keeps the place in line: see `acquireLease` of this package for waits of any length.
   */
  acquire(body: WireAcquireRequest, options?: CallOptions): Promise<WireGrant>;
  /** Rejects with LOCK_EXPIRED (410) or FENCED_OFF (412) when the lease is lost. */
  renew(lockId: string, ttlSeconds?: number | null, options?: CallOptions): Promise<WireRenewal>;
  release(lockId: string, options?: CallOptions): Promise<void>;
  /** Gives up the place in line that a refused `acquire` had a ticket for. */
  leave(ticket: string, options?: CallOptions): Promise<void>;
  show(cluster?: string | null, options?: CallOptions): Promise<WireLock>;
  /** Ends the lock of somebody else. `reason`: 8 to 500 characters, kept in the audit log. */
  break(reason: string, cluster?: string | null, options?: CallOptions): Promise<WireLease>;
}>;

export function createLockApi(transport: Transport): LockApi {
  const ofCluster = (cluster: string | null | undefined) => ({ cluster: cluster ?? undefined });
  return {
    acquire: (body, options) => transport.call({ method: 'POST', path: PATH, body, waitSeconds: body.wait_seconds ?? 0 }, options),
    renew: (lockId, ttlSeconds, options) =>
      transport.call(
        { method: 'PUT', path: PATH, body: { lock_id: lockId, ...(typeof ttlSeconds === 'number' && { ttl_seconds: ttlSeconds }) } },
        options,
      ),
    release: (lockId, options) =>
      transport.call({ method: 'DELETE', path: PATH, headers: lockHeader(lockId), goneCode: 'LOCK_NOT_FOUND' }, options),
    leave: (ticket, options) => transport.call({ method: 'DELETE', path: PATH, body: { ticket } }, options),
    show: (cluster, options) => transport.call({ method: 'GET', path: PATH, query: ofCluster(cluster) }, options),
    // Whoever holds the lock is meant: once more, when the answer was lost, would hit the one who got it next.
    break: (reason, cluster, options) =>
      transport.call({ method: 'DELETE', path: PATH, query: { ...ofCluster(cluster), force: 'true', reason } }, { ...options, retries: 0 }),
  };
}
