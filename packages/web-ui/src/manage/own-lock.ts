import { ownLock } from '../lock-state.ts';
import type { ManageParts } from './contract.ts';

/** Headers of work on a cluster's GPU: under the lock that was acquired in this tab, when there is one, since it would be refused otherwise. */
export function workHeaders({ store, randomKey }: ManageParts, cluster: string | null | undefined): Record<string, string> {
  const own = cluster == null ? null : ownLock(store.get(), cluster);
  return { 'idempotency-key': randomKey(), ...(own !== null && { 'x-swap-lock': own.lockId }) };
}

export const post = (body: unknown) => ({ method: 'POST', body }) as const;
