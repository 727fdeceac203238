import { expect } from 'chai';
import { createLockDesk } from '../../src/application/lock-desk.ts';
import { clusterKey, type LockDesk, type LockNeed, SparkError, silentLogger, takeLock, underTakenLock } from '../../src/index.ts';
import { Bench } from '../support/fake-core.ts';
import { FakeTokens } from '../support/fake-tokens.ts';
import { refusal } from '../support/refusal.ts';

const actor = { name: 'admin', address: null, requestId: null };
const never = new AbortController().signal;

describe('work under the lock of a cluster', () => {
  let bench: Bench;
  let locks: LockDesk;

  beforeEach(async () => {
    bench = await new Bench().start();
    locks = createLockDesk(new Map([[bench.cluster.key, bench.arbiter.lock]]), new FakeTokens());
  });
  afterEach(() => bench.close());

  const tools = () => ({ locks, clock: bench.clock, logger: silentLogger });
  const need = (over: Partial<LockNeed> = {}): LockNeed => {
    return { cluster: bench.cluster.key, lockId: null, holder: 'update of spark1', reason: 'host update', actor, ...over };
  };
  const view = () => locks.view(bench.cluster.key);
  const breakLock = () => bench.clock.drive(locks.break(bench.cluster.key, 'needed for an outage', actor));
  /** Runs work that takes `ms`, or until its signal aborts. */
  const work = async (ms: number, over: Partial<LockNeed> = {}) => {
    const taken = await bench.clock.drive(takeLock(tools(), need(over), never));
    return underTakenLock(tools(), taken, never, async (signal) => {
      await bench.clock.sleep(ms, signal);
      return 'done';
    });
  };

  it('takes a lock, keeps it for as long as the work lasts, and releases it', async () => {
    const done = work(3_600_000);
    await bench.clock.advance(3_599_000);
    expect(view()).to.deep.include({ state: 'held' });
    expect(view().lock).to.include({ holder: 'update of spark1', reason: 'host update' });
    await bench.clock.advance(2_000);
    expect(await done).to.equal('done');
    expect(view().state).to.equal('free');
  });

  it("keeps the caller's lock alive too, and leaves it to the caller", async () => {
    const { lockId, lease } = await bench.grant('anybody', { ttlMs: 30_000 });
    const done = work(600_000, { lockId });
    await bench.clock.advance(601_000);
    expect(await done).to.equal('done');
    expect(view().lock).to.include({ holder: 'anybody', fence: lease.fence });
  });

  it('is refused while somebody else has it, and says who', async () => {
    await bench.grant('cron', { reason: 'nightly' });
    const error = await refusal(bench.clock.drive(takeLock(tools(), need(), never)));
    expect(error).to.include({ code: 'LOCKED', message: 'cron (nightly) has the lock of cluster default.' });
    expect(error.details.lock).to.include({ holder: 'cron' });
  });

  it('takes only a lock that is live, and only one of this cluster', async () => {
    expect((await refusal(bench.clock.drive(takeLock(tools(), need({ lockId: 'lck_0' }), never)))).code).to.equal('FENCED_OFF');
    const { lockId } = await bench.grant('cron', { ttlMs: 5_000 });
    await bench.clock.advance(6_000);
    expect((await refusal(bench.clock.drive(takeLock(tools(), need({ lockId }), never)))).code).to.equal('LOCK_EXPIRED');
    const elsewhere = need({ cluster: clusterKey('nowhere'), lockId });
    expect((await refusal(takeLock(tools(), elsewhere, never))).code).to.equal('CLUSTER_NOT_FOUND');
  });

  it('ends when its lock is broken', async () => {
    const outcome = refusal(work(3_600_000));
    await bench.clock.advance(10_000);
    await breakLock();
    await bench.clock.advance(31_000);
    expect(await outcome).to.include({ code: 'FENCED_OFF', message: 'The lock of default was broken in the middle of the work.' });
  });

  it('goes on while the store takes nothing for a while, and ends when the lock would be over', async () => {
    const full = async (): Promise<never> => {
      throw new SparkError('STORE_UNAVAILABLE', 'The disk is full.');
    };
    const real = locks;
    let renew: LockDesk['renew'] = full;
    locks = new Proxy(real, { get: (desk, name: keyof LockDesk) => (name === 'renew' ? renew : desk[name].bind(desk)) });
    const outcome = refusal(work(3_600_000));
    await bench.clock.advance(100_000);
    renew = (...given) => real.renew(...given);
    await bench.clock.advance(2_000);
    renew = full;
    const begun = bench.clock.monotonic();
    let endedAt = Number.NaN;
    void outcome.then(() => {
      endedAt = bench.clock.monotonic();
    });
    await bench.clock.advance(200_000);
    expect((await outcome).code).to.equal('LOCK_EXPIRED');
    expect(endedAt - begun).to.be.within(118_000, 123_000);
  });

  it('releases the lock when the work fails, and passes its error on', async () => {
    const taken = await bench.clock.drive(takeLock(tools(), need(), never));
    const failing = underTakenLock(tools(), taken, never, () => Promise.reject(new SparkError('RUNTIME_REJECTED', 'no room')));
    expect((await refusal(bench.clock.drive(failing))).message).to.equal('no room');
    expect(view().state).to.equal('free');
  });

  it('ends with its caller, and does not keep the lock then', async () => {
    const caller = new AbortController();
    const taken = await bench.clock.drive(takeLock(tools(), need(), caller.signal));
    const outcome = refusal(underTakenLock(tools(), taken, caller.signal, (signal) => bench.clock.sleep(60_000, signal)));
    await bench.clock.advance(5_000);
    caller.abort(new SparkError('CANCELLED', 'Cancelled on request.'));
    await bench.clock.advance(0);
    expect((await outcome).code).to.equal('CANCELLED');
    expect(view().state).to.equal('free');
  });
});
