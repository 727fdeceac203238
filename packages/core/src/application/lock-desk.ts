import { nearMatches } from '../catalog/near-matches.ts';
import type { ClusterKey, LockId } from '../ids.ts';
import type { Tokens } from '../ports/tokens.ts';
import type { ClusterLock } from './cluster-lock.ts';
import type { LockDesk } from './lock-api.ts';
import { notFound } from './not-found.ts';

const NOWHERE = { kind: 'fenced_off', detail: 'This is not the id of a lock that is held.' } as const;

/** Finds the cluster that a call is about: by its key, or by the lock id alone. */
export function createLockDesk(locks: ReadonlyMap<ClusterKey, ClusterLock>, tokens: Tokens): LockDesk {
  const of = (cluster: ClusterKey): ClusterLock => {
    const lock = locks.get(cluster);
    if (lock === undefined) throw notFound('CLUSTER_NOT_FOUND', cluster, nearMatches(cluster, [...locks.keys()]));
    return lock;
  };
  const byId = (id: LockId): ClusterLock | null => {
    const digest = tokens.digest(id);
    return [...locks.values()].find((lock) => lock.knows(digest)) ?? null;
  };
  return {
    acquire: async (request, signal) => of(request.cluster).acquire(request, signal),
    renew: async (id, ttlMs, actor) => byId(id)?.renew(id, ttlMs, actor) ?? NOWHERE,
    release: async (id, actor) => byId(id)?.release(id, actor) ?? NOWHERE,
    leave: async (ticket) => [...locks.values()].find((lock) => lock.hasPlace(ticket))?.leave(ticket),
    break: async (cluster, reason, actor) => of(cluster).break(reason, actor),
    view: (cluster) => of(cluster).view,
    views: () => [...locks.values()].map((lock) => lock.view),
  };
}
