import { clusterKey, type Lease, type LockDesk, type LockFacts, type LockView, lockId } from '@spark-control/core';

const AT = 1_700_000_000_000;

export const aLockView = (over: Partial<LockView> = {}): LockView => ({
  cluster: clusterKey('default'),
  state: 'free',
  lock: null,
  lastFence: 0,
  queue: [],
  ...over,
});

export const someLockFacts = (over: Partial<LockFacts> = {}): LockFacts => ({
  holder: 'cron:nightly',
  reason: 'evaluation',
  fence: 7,
  implicit: false,
  acquiredAt: AT,
  expiresAt: AT + 600_000,
  remainingMs: 600_000,
  ...over,
});

export const aLease = (over: Partial<Lease> = {}): Lease => ({
  cluster: clusterKey('default'),
  fence: 7,
  lockDigest: 'the digest of the lock',
  holder: 'cron:nightly',
  reason: 'evaluation',
  acquiredAt: AT,
  ttlMs: 600_000,
  expiresAt: AT + 600_000,
  deadline: { timeBase: 'boot', monotonic: 5 },
  ended: null,
  ...over,
});

export const aGrant = (over: Partial<Lease> = {}) => ({ lease: aLease(over), lockId: lockId('lck_secret'), renewAfterMs: 200_000 });

const unexpected = (name: string) => (): never => {
  throw new Error(`unexpected call: locks.${name}`);
};

/** A lock desk whose commands do what a test says, and fail loudly when it says nothing. */
export class ScriptedLocks implements LockDesk {
  acquire: LockDesk['acquire'] = unexpected('acquire');
  renew: LockDesk['renew'] = unexpected('renew');
  release: LockDesk['release'] = unexpected('release');
  leave: LockDesk['leave'] = unexpected('leave');
  break: LockDesk['break'] = unexpected('break');
  view: LockDesk['view'] = () => aLockView();
  views: LockDesk['views'] = () => [aLockView()];
}
