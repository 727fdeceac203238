import type { ClusterKey } from '../ids.ts';
import type { Lease } from '../lock/lease.ts';

/**
 * Reading side of the leases. They are written with {@link SwapJournal.commit}: a lease of the same cluster and fence is
 * replaced, others are kept for 7 days after their end, so that a late caller learns how its lock ended.
 */
export interface LeaseStore {
  /** The lease that has not ended (at most one), and those that ended at or after `since`. */
  leases(cluster: ClusterKey, since: number): Promise<readonly Lease[]>;
}
