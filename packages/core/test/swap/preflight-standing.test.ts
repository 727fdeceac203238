import { expect } from 'chai';
import { clusterKey, type LockView } from '../../src/index.ts';
import { standingChecks } from '../../src/swap/preflight-standing.ts';

const view: LockView = { cluster: clusterKey('default'), state: 'free', lock: null, lastFence: 3, queue: [] };

describe('what stands against a swap', () => {
  it('is nothing while the lock is free and nobody waits for it', () => {
    expect(standingChecks({ lock: view, planned: [] })[0]).to.include({ name: 'lock', status: 'pass' });
  });

  it('is also who is first in line for a free lock, since it is kept for them', () => {
    const [check] = standingChecks({ lock: { ...view, queue: [{ holder: 'cron', since: 0 }] }, planned: [] });
    expect(check).to.include({ name: 'lock', status: 'warn' });
    expect(check?.detail).to.equal('The lock of cluster default is free, but cron is first in line.');
  });
});
