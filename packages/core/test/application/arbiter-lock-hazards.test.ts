import { expect } from 'chai';
import { type AcquireDecision, CONTROL_PLANE, SparkError, type Swap, type SwapRequest } from '../../src/index.ts';
import { someOptions } from '../support/builders.ts';
import { Bench } from '../support/fake-core.ts';

const actor = { name: 'admin', address: null, requestId: null };

type Waiting = NonNullable<Extract<AcquireDecision, { kind: 'held' }>['waiting']>;

function waitingOf(decision: AcquireDecision): Waiting {
  if (decision.kind !== 'held' || decision.waiting === null) throw new Error(`not in line: ${JSON.stringify(decision)}`);
  return decision.waiting;
}

describe('the lock in the arbiter in awkward moments', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
  });

  afterEach(async () => {
    await bench.close();
  });

  const startedOf = (decision: { kind: string; swap?: Swap }): Swap => {
    if (decision.kind !== 'started' || decision.swap === undefined) throw new Error(`not started: ${decision.kind}`);
    return decision.swap;
  };
  const hang = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('drains a lock that ended while the control plane was away and its swap was not done', async () => {
    const grant = await bench.grant('cron', { ttlMs: 5_000 });
    const { id } = startedOf(await bench.request('qwen', { lockId: grant.lockId }));
    await bench.inPhase(id, 'loading');
    bench.kill();
    bench.clock.stall(6_000);
    await bench.restart();
    expect(bench.arbiter.lock.view).to.have.property('state', 'draining');
    expect(bench.arbiter.lock.view.lock).to.include({ holder: 'cron', implicit: false });
    await bench.settled(id);
    await bench.clock.advance(300);
    expect(bench.arbiter.lock.view).to.deep.include({ state: 'free', lock: null });
  });

  it('renews a lock while swaps are asked for and a host hangs', async () => {
    const grant = await bench.grant('ann', { ttlMs: 5_000 });
    bench.hosts.observe = hang;
    const asked = ['ben', 'cron'].map((by) => bench.arbiter.request(aRequest(by), () => bench.plan('qwen')));
    await bench.clock.advance(100);
    let renewed = '';
    void bench.arbiter.lock.renew(grant.lockId, 60_000, actor).then(({ kind }) => {
      renewed = kind;
    });
    await bench.clock.advance(1_000);
    expect(renewed).to.equal('renewed');
    const decisions = await bench.clock.drive(Promise.all(asked));
    expect(
      decisions.map(({ kind }) => kind),
      'by then it was over',
    ).to.include('locked');
  });

  it('ends a lock in time while a swap is asked for and a host hangs', async () => {
    await bench.grant('ann', { ttlMs: 5_000 });
    await bench.clock.advance(3_000);
    bench.hosts.observe = hang;
    const asked = bench.arbiter.request(aRequest('ben'), () => bench.plan('qwen'));
    await bench.clock.advance(3_000);
    expect(bench.journal.entries.findLast(({ lease }) => lease !== undefined)?.lease?.ended).to.include({ how: 'expired' });
    await bench.clock.drive(asked);
  });

  it('shows no lock once its time is over, also before the tick has written it down', async () => {
    await bench.grant('ann', { ttlMs: 5_000 });
    bench.clock.stall(5_100);
    expect(bench.arbiter.lock.view).to.deep.include({ state: 'free', lock: null });
  });

  it('writes down who waited for a lock, not only for whom', async () => {
    const first = await bench.grant('ann');
    const asked = { name: 'anonymous@10.0.0.7', address: '10.0.0.7', requestId: 'req_7' };
    const waiting = bench.acquire('ben', { waitMs: 60_000, actor: asked });
    await bench.clock.advance(100);
    await bench.clock.drive(bench.arbiter.lock.release(first.lockId, actor));
    expect((await bench.clock.drive(waiting)).kind).to.equal('granted');
    const [entry] = bench.journal.entries.flatMap(({ audit }) => audit ?? []).filter(({ target }) => target === 'ben');
    expect(entry).to.deep.include({ action: 'lock_acquired', actor: asked });
    expect(entry?.actor.name).not.to.equal(CONTROL_PLANE.name);
  });

  it('asks who has a ticket to be back before the place is given up', async () => {
    await bench.grant('ann', { ttlMs: 3_600_000 });
    for (const waitMs of [1_000, 0]) {
      const { ticket } = waitingOf(await bench.clock.drive(bench.acquire('ben', { waitMs: 1_000 })));
      const decision = await bench.clock.drive(bench.acquire('ben', { waitMs, ticket }));
      if (decision.kind !== 'held') throw new Error('granted');
      expect(waitingOf(decision).ticket).to.equal(ticket);
      expect(decision.retryAfterSeconds).to.be.within(1, 15);
    }
  });

  it('tells who gives up just when the lock ends who is before it, and not that it is kept for nobody', async () => {
    await bench.grant('ann', { ttlMs: 5_010 }); // the ticks are at 5,000 and 5,250
    await bench.request('qwen', { onBusy: 'queue', requestedBy: 'ben' });
    const decision = await bench.clock.drive(bench.acquire('cron', { waitMs: 5_000 }));
    expect(decision.kind === 'held' && decision.inTheWay.holder).to.equal('ann');
  });

  it('grants a free lock to who asks again and again, without its ticket', async () => {
    const first = await bench.grant('ann');
    const another = bench.acquire('cron', { waitMs: 600_000 });
    for (let tries = 0; tries < 3; tries += 1) await bench.clock.drive(bench.acquire('ben', { waitMs: 10_000 }));
    expect(bench.arbiter.lock.view.queue.map(({ holder }) => holder)).to.deep.equal(['cron', 'ben']);
    await bench.clock.drive(bench.arbiter.lock.release(first.lockId, actor));
    const decision = await bench.clock.drive(another);
    if (decision.kind !== 'granted') throw new Error('not granted');
    await bench.clock.drive(bench.arbiter.lock.release(decision.grant.lockId, actor));
    expect((await bench.clock.drive(bench.acquire('ben', { waitMs: 10_000 }))).kind).to.equal('granted');
  });

  it('accepts a cancel although the next in line cannot be written down', async () => {
    bench.hosts.look = hang;
    const { id } = startedOf(await bench.request('qwen'));
    const waiting = bench.acquire('cron', { waitMs: 3_600_000 });
    await bench.clock.advance(0);
    const commit = bench.journal.commit.bind(bench.journal);
    bench.journal.commit = async (entry) => {
      if (entry.lease !== undefined) throw new SparkError('STORE_UNAVAILABLE', 'A full disk takes no new lock.');
      return commit(entry);
    };
    expect(await bench.cancel(id)).to.deep.include({ kind: 'accepted' });
    bench.journal.commit = commit;
    expect((await bench.clock.drive(waiting)).kind).to.equal('granted');
  });

  it('has room for the swap of who holds the lock, however many wait behind it', async () => {
    const grant = await bench.grant('ann', { ttlMs: 3_600_000 });
    for (let count = 0; count < 100; count += 1) await bench.request('phi', { onBusy: 'queue', requestedBy: `ben ${count}` });
    expect((await bench.request('qwen', { lockId: grant.lockId })).kind).to.equal('started');
  });

  function aRequest(requestedBy: string): SwapRequest {
    const { model } = bench.plan('qwen');
    return { cluster: bench.cluster.key, model, requestedBy, reason: null, options: someOptions(), onBusy: 'reject', lockId: null };
  }
});
