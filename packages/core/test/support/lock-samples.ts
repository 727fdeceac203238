import { type AuditEntry, clusterKey, type Lease } from '../../src/index.ts';

export const HOUR_MS = 3_600_000;

/** A lease as a store sees it: cluster and fence name it. */
export const leaseOf = (fence: number, changes: Partial<Lease> = {}): Lease => ({
  cluster: clusterKey('default'),
  fence,
  lockDigest: `digest of ${fence}`,
  holder: 'cron:nightly',
  reason: null,
  acquiredAt: 1_000 + fence,
  ttlMs: HOUR_MS,
  expiresAt: 1_000 + fence + HOUR_MS,
  deadline: { timeBase: 'boot-1', monotonic: fence + HOUR_MS },
  ended: null,
  ...changes,
});

export const endedAt = (at: number, how: 'released' | 'expired' | 'broken' = 'released') => ({ how, at, by: null, note: null });

export const auditOf = (target: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1_000,
  actor: { name: 'anonymous@127.0.0.1', address: '127.0.0.1', requestId: 'req_1' },
  action: 'lock_acquired',
  cluster: clusterKey('default'),
  target,
  fence: 1,
  note: null,
  ...changes,
});
