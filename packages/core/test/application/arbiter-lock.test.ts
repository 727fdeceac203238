import { expect } from 'chai';
import { type AcquireDecision, CONTROL_PLANE, type LockId, lockId, type SwapId, type Ticket } from '../../src/index.ts';
import { Bench } from '../support/fake-core.ts';

const actor = { name: 'admin', address: null, requestId: null };

function waitingOf(decision: AcquireDecision): { position: number; ticket: Ticket } {
  if (decision.kind !== 'held' || decision.waiting === null) throw new Error(`not in line: ${JSON.stringify(decision)}`);
  return decision.waiting;
}

describe('the lock in the arbiter', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
  });

  afterEach(async () => {
    await bench.close();
  });

  const release = (id: LockId) => bench.clock.drive(bench.arbiter.lock.release(id, actor));
  const renew = (id: LockId, ttlMs: number | null = null) => bench.clock.drive(bench.arbiter.lock.renew(id, ttlMs, actor));
  const breakLock = () => bench.clock.drive(bench.arbiter.lock.break('needed for an outage', actor));

  describe('one holder', () => {
    it('is on disk, in the audit trail and told to webhooks by one commit, before the answer', async () => {
      const grant = await bench.grant('cron', { reason: 'nightly' });
      const entry = bench.journal.entries.find(({ lease }) => lease !== undefined);
      expect(entry).to.deep.include({ fence: { cluster: 'default', value: grant.lease.fence } });
      expect(entry?.lease).to.include({ holder: 'cron', reason: 'nightly', lockDigest: `digest of ${grant.lockId}` });
      expect(entry?.audit?.[0]).to.deep.include({ action: 'lock_acquired', target: 'cron', fence: grant.lease.fence, note: 'nightly' });
      expect(entry?.notices?.map(({ type }) => type)).to.deep.equal(['lock_acquired']);
      expect(entry?.events?.map(({ kind }) => kind)).to.deep.equal(['lock']);
      expect(JSON.stringify(bench.journal.entries).replaceAll(`digest of ${grant.lockId}`, '')).not.to.include(grant.lockId);
    });

    it('shows a listener what the event that it hears says', async () => {
      const seen: unknown[] = [];
      bench.listen((event) => {
        if (event.kind === 'lock') seen.push([event.lock.state, bench.arbiter.lock.view.state]);
      });
      const grant = await bench.grant('cron');
      await release(grant.lockId);
      expect(seen).to.deep.equal([
        ['held', 'held'],
        ['free', 'free'],
      ]);
    });

    it('keeps everybody else away, the same name included, and says until when', async () => {
      await bench.grant('cron', { reason: 'nightly', ttlMs: 90_000 });
      const decision = await bench.clock.drive(bench.acquire('cron'));
      expect(decision).to.deep.include({ kind: 'held', waiting: null, retryAfterSeconds: 60 });
      if (decision.kind === 'held') expect(decision.inTheWay).to.deep.include({ holder: 'cron', reason: 'nightly', implicit: false });
    });

    it('is not granted when the store takes no writes, and not remembered either', async () => {
      bench.journal.isUnavailable = true;
      const refusal = await bench.clock.drive(bench.acquire('cron')).catch((error: unknown) => error);
      expect(refusal).to.have.property('code', 'STORE_UNAVAILABLE');
      bench.journal.isUnavailable = false;
      expect(bench.arbiter.lock.view.state).to.equal('free');
      expect((await bench.grant('ann')).lease.fence).to.equal(1);
    });

    it('gives every grant a larger fence, also after a break and a swap', async () => {
      const first = await bench.grant('ann');
      await breakLock();
      const second = await bench.grant('ben');
      expect(second.lease.fence).to.be.greaterThan(first.lease.fence + 1);
      const swap = await bench.swap('qwen', { lockId: second.lockId });
      expect(swap.fence).to.be.greaterThan(second.lease.fence);
      await release(second.lockId);
      expect((await bench.grant('ann')).lease.fence).to.be.greaterThan(swap.fence ?? Number.POSITIVE_INFINITY);
    });

    it('jumps far ahead when the hosts know more than the store, which came from a backup', async () => {
      const before = await bench.swap('qwen');
      await bench.restoreBackup();
      await bench.clock.advance(1_000);
      expect((await bench.grant('ann')).lease.fence).to.equal((before.fence ?? 0) + 1_000_001);
    });

    it('does not take a crash between claim and journal for a backup', async () => {
      bench.failpoint = (name) => {
        if (name === 'after_validate') bench.kill();
      };
      await bench.request('qwen').catch(() => undefined);
      await bench.clock.until(() => bench.isKilled);
      bench.failpoint = null;
      await bench.restart();
      await bench.clock.until(() => bench.arbiter.lock.view.state === 'free');
      expect((await bench.grant('ann')).lease.fence).to.be.below(100);
    });

    it('tells a late caller how the lock ended', async () => {
      const released = await bench.grant('ann');
      expect((await release(released.lockId)).kind).to.equal('released');
      const expired = await bench.grant('ben', { ttlMs: 5_000 });
      await bench.clock.advance(5_300);
      const broken = await bench.grant('cron');
      expect((await breakLock()).kind).to.equal('broken');
      const said = async (id: LockId) => [(await release(id)).kind, (await renew(id)).kind];
      expect(await said(released.lockId)).to.deep.equal(['not_found', 'fenced_off']);
      expect(await said(expired.lockId)).to.deep.equal(['expired', 'expired']);
      expect(await said(broken.lockId)).to.deep.equal(['fenced_off', 'fenced_off']);
      expect(await said(lockId('lck_nobody'))).to.deep.equal(['fenced_off', 'fenced_off']);
      const audit = bench.journal.entries.flatMap((entry) => entry.audit ?? []);
      expect(audit.map(({ action, actor: who }) => [action, who.name])).to.deep.equal([
        ['lock_acquired', 'ann'],
        ['lock_released', 'admin'],
        ['lock_acquired', 'ben'],
        ['lock_expired', CONTROL_PLANE.name],
        ['lock_acquired', 'cron'],
        ['lock_broken', 'admin'],
      ]);
    });
  });

  describe('time', () => {
    it('ends a lock within a second after its TTL, by itself', async () => {
      await bench.grant('ann', { ttlMs: 10_000 });
      await bench.clock.advance(9_900); // the answer took 50 ms of it
      expect(bench.arbiter.lock.view.state).to.equal('held');
      await bench.clock.advance(1_000);
      expect(bench.arbiter.lock.view.state).to.equal('free');
      expect(bench.journal.entries.at(-1)?.lease?.ended).to.include({ how: 'expired' });
    });

    for (const ms of [1_000, 3_600_000, 86_400_000, 3_650 * 86_400_000]) {
      for (const jump of [ms, -ms]) {
        it(`is not moved when the wall clock is set by ${jump / 1_000} s, also over a restart of the process`, async () => {
          await bench.grant('ann', { ttlMs: 60_000 });
          await bench.clock.advance(10_000);
          bench.clock.jump(jump);
          await bench.clock.advance(10_000);
          await bench.restart();
          expect(bench.arbiter.lock.view.lock?.remainingMs).to.be.within(39_000, 40_000);
          await bench.clock.advance(39_000);
          expect(bench.arbiter.lock.view.state).to.equal('held');
          await bench.clock.advance(2_000);
          expect(bench.arbiter.lock.view.state).to.equal('free');
        });
      }
    }

    it('honours the rest after a reboot, and never more than one TTL when the clock was set meanwhile', async () => {
      await bench.grant('ann', { ttlMs: 60_000 });
      await bench.clock.advance(20_000);
      bench.clock.timeBase = 'boot 2';
      await bench.restart();
      expect(bench.arbiter.lock.view.lock?.remainingMs).to.be.within(39_500, 40_000);
      bench.kill();
      bench.clock.timeBase = 'boot 3';
      bench.clock.jump(-3_650 * 86_400_000);
      await bench.restart();
      expect(bench.arbiter.lock.view.lock?.remainingMs).to.be.within(59_500, 60_000);
    });

    it('does not take a lock for alive because nothing ran for twice its TTL', async () => {
      const grant = await bench.grant('ann', { ttlMs: 10_000 });
      bench.clock.stall(20_000);
      expect((await renew(grant.lockId)).kind).to.equal('expired');
      expect(await bench.request('qwen', { lockId: grant.lockId })).to.have.property('kind', 'lock_expired');
    });

    it('lets a renewal only extend', async () => {
      const grant = await bench.grant('ann', { ttlMs: 100_000 });
      const shorter = await renew(grant.lockId, 5_000);
      expect(shorter.kind === 'renewed' && shorter.lease.expiresAt).to.equal(grant.lease.expiresAt);
      const longer = await renew(grant.lockId, 200_000);
      expect(longer.kind === 'renewed' && longer.lease.deadline.monotonic).to.be.within(200_000, bench.clock.monotonic() + 200_000);
      expect(longer.kind === 'renewed' && longer.lease.fence).to.equal(grant.lease.fence);
    });
  });

  describe('the line', () => {
    it('serves those who wait in the order in which they came', async () => {
      const first = await bench.grant('ann');
      const served: string[] = [];
      const waiting = ['ben', 'cron', 'n8n'].map((holder) =>
        bench.acquire(holder, { waitMs: 50_000, ttlMs: 5_000 }).then((decision) => {
          served.push(`${holder}: ${decision.kind}`);
        }),
      );
      await bench.clock.advance(1_000);
      expect(bench.arbiter.lock.view.queue.map(({ holder }) => holder)).to.deep.equal(['ben', 'cron', 'n8n']);
      await release(first.lockId);
      await bench.clock.advance(20_000);
      await Promise.all(waiting);
      expect(served).to.deep.equal(['ben: granted', 'cron: granted', 'n8n: granted']);
    });

    it('counts the TTL from the grant, not from the request', async () => {
      await bench.grant('ann', { ttlMs: 30_000 });
      const waiting = bench.acquire('ben', { waitMs: 60_000, ttlMs: 10_000 });
      await bench.clock.advance(30_500);
      const decision = await waiting;
      expect(decision.kind === 'granted' && decision.grant.lease.expiresAt - decision.grant.lease.acquiredAt).to.equal(10_000);
      expect(bench.arbiter.lock.view.lock?.remainingMs).to.be.greaterThan(9_000);
    });

    it('keeps the place of a ticket for 30 s, and not for longer', async () => {
      const first = await bench.grant('ann', { ttlMs: 3_600_000 });
      const ben = waitingOf(await bench.clock.drive(bench.acquire('ben', { waitMs: 1_000 })));
      const cron = waitingOf(await bench.clock.drive(bench.acquire('cron', { waitMs: 1_000 })));
      expect([ben.position, cron.position]).to.deep.equal([1, 2]);
      await bench.clock.advance(20_000);
      expect(waitingOf(await bench.clock.drive(bench.acquire('ben', { ticket: ben.ticket })))).to.deep.equal(ben);
      await bench.clock.advance(20_000); // too long for cron
      expect(bench.arbiter.lock.view.queue.map(({ holder }) => holder)).to.deep.equal(['ben']);
      await release(first.lockId);
      expect(await bench.clock.drive(bench.acquire('cron', { ticket: cron.ticket })), 'ben is first, and away').to.have.property(
        'kind',
        'held',
      );
      expect((await bench.clock.drive(bench.acquire('ben', { ticket: ben.ticket }))).kind).to.equal('granted');
    });

    it('lets nobody in with the ticket of somebody else', async () => {
      await bench.grant('ann', { ttlMs: 3_600_000 });
      const ben = waitingOf(await bench.clock.drive(bench.acquire('ben', { waitMs: 1_000 })));
      expect(await bench.clock.drive(bench.acquire('cron', { ticket: ben.ticket }))).to.deep.include({ kind: 'held', waiting: null });
    });

    it('gives the lock to the next when a waiter has gone away for good', async () => {
      const first = await bench.grant('ann');
      const gone = new AbortController();
      const left = bench.acquire('ben', { waitMs: 60_000 }, gone.signal);
      const next = bench.acquire('cron', { waitMs: 60_000 });
      await bench.clock.advance(1_000);
      gone.abort();
      expect((await bench.clock.drive(left)).kind).to.equal('held');
      await release(first.lockId);
      expect(
        bench.arbiter.lock.view.queue.map(({ holder }) => holder),
        'its place is kept',
      ).to.deep.equal(['ben', 'cron']);
      await bench.clock.advance(30_300);
      expect((await next).kind).to.equal('granted');
    });

    it('goes on at once when a waiter gives its place up, with its request open or over', async () => {
      const first = await bench.grant('ann', { ttlMs: 3_600_000 });
      const ben = waitingOf(await bench.clock.drive(bench.acquire('ben', { waitMs: 1_000 })));
      const open = bench.acquire('ben', { waitMs: 60_000, ticket: ben.ticket });
      const next = bench.acquire('cron', { waitMs: 60_000 });
      await bench.clock.advance(100);
      await bench.clock.drive(bench.arbiter.lock.leave(ben.ticket));
      expect(await open).to.deep.include({ kind: 'held', waiting: null });
      await release(first.lockId);
      expect(await next).to.have.property('kind', 'granted');
      await bench.clock.drive(bench.arbiter.lock.leave(ben.ticket));
    });

    it('sends everybody home with a ticket when the server stops', async () => {
      await bench.grant('ann');
      const waiting = bench.acquire('ben', { waitMs: 60_000 });
      await bench.clock.advance(100);
      await bench.close();
      expect(waitingOf(await waiting).position).to.equal(1);
    });
  });

  describe('and swaps', () => {
    it('refuses a swap without the lock, naming holder, reason and expiry', async () => {
      await bench.grant('cron', { reason: 'nightly', ttlMs: 30_000 });
      const decision = await bench.request('qwen');
      expect(decision).to.deep.include({ kind: 'locked', retryAfterSeconds: 30 });
      if (decision.kind === 'locked') expect(decision.lock).to.include({ holder: 'cron', reason: 'nightly', implicit: false });
      expect(bench.journal.entries.some(({ swap }) => swap !== undefined)).to.equal(false);
    });

    it('runs one with the lock in the name of its holder', async () => {
      const grant = await bench.grant('cron');
      const swap = await bench.swap('qwen', { lockId: grant.lockId, requestedBy: 'somebody else' });
      expect(swap).to.include({ phase: 'ready', requestedBy: 'cron', lease: grant.lease.fence });
      expect((await release(grant.lockId)).kind).to.equal('released');
    });

    it('answers that nothing is to be done before it looks at the lock', async () => {
      await bench.swap('qwen');
      await bench.grant('cron');
      expect((await bench.request('qwen')).kind).to.equal('noop');
    });

    it('grants nobody while a swap runs without a lock, and shows it as one', async () => {
      const started = await bench.request('qwen');
      expect(bench.arbiter.lock.view).to.deep.include({ state: 'held' });
      expect(bench.arbiter.lock.view.lock).to.include({ holder: 'tester', implicit: true, expiresAt: null });
      const waiting = bench.acquire('cron', { waitMs: 3_600_000 });
      if (started.kind !== 'started') throw new Error('not started');
      await bench.settled(started.swap.id);
      expect((await bench.clock.drive(waiting)).kind).to.equal('granted');
    });

    it('does not release the lock of a swap that still runs', async () => {
      const grant = await bench.grant('cron');
      const decision = await bench.request('qwen', { lockId: grant.lockId });
      expect(await release(grant.lockId)).to.include({ kind: 'swap_running' });
      if (decision.kind === 'started') await bench.settled(decision.swap.id);
      expect((await release(grant.lockId)).kind).to.equal('released');
    });

    it('drains: the swap of an expired lock ends well, and until then nobody else has the GPU', async () => {
      const grant = await bench.grant('cron', { ttlMs: 5_000 });
      const decision = await bench.request('qwen', { lockId: grant.lockId });
      if (decision.kind !== 'started') throw new Error('not started');
      await bench.inPhase(decision.swap.id, 'loading');
      bench.clock.stall(10_000);
      expect(bench.arbiter.lock.view).to.deep.include({ state: 'draining' });
      const refused = { kind: 'expired', at: grant.lease.expiresAt };
      expect(await renew(grant.lockId)).to.deep.equal(refused);
      expect(await release(grant.lockId)).to.deep.equal(refused);
      const waiting = bench.acquire('ann', { waitMs: 3_600_000 });
      await bench.clock.advance(0);
      expect((await bench.request('phi')).kind).to.equal('locked');
      expect((await bench.settled(decision.swap.id)).phase).to.equal('ready');
      expect((await bench.clock.drive(waiting)).kind).to.equal('granted');
      expect(bench.journal.entries.find(({ lease }) => lease?.ended?.how === 'expired')?.lease?.holder).to.equal('cron');
    });

    it('lets the swap of a broken lock go on as one without, and the next holder waits for it', async () => {
      const grant = await bench.grant('cron');
      const decision = await bench.request('qwen', { lockId: grant.lockId });
      if (decision.kind !== 'started') throw new Error('not started');
      await bench.inPhase(decision.swap.id, 'loading');
      expect(await breakLock()).to.have.property('kind', 'broken');
      expect(bench.arbiter.lock.view.lock).to.include({ holder: 'cron', implicit: true });
      expect(await bench.clock.drive(bench.acquire('ann'))).to.have.property('kind', 'held');
      expect((await bench.settled(decision.swap.id)).phase).to.equal('ready');
      expect(await bench.request('phi', { lockId: grant.lockId })).to.have.property('kind', 'fenced_off');
    });

    it('has one line for queued swaps and for those who wait for the lock', async () => {
      const grant = await bench.grant('ann');
      const queued = await bench.request('qwen', { onBusy: 'queue', requestedBy: 'ben' });
      const waiting = bench.acquire('cron', { waitMs: 3_600_000, ttlMs: 5_000 });
      await bench.clock.advance(0);
      const late = await bench.request('phi', { onBusy: 'queue', requestedBy: 'n8n' });
      expect(bench.arbiter.lock.view.queue.map(({ holder }) => holder)).to.deep.equal(['ben', 'cron', 'n8n']);
      if (queued.kind !== 'queued' || late.kind !== 'queued') throw new Error('not queued');
      await release(grant.lockId);
      expect((await bench.settled(queued.swap.id)).phase).to.equal('ready');
      expect((await bench.clock.drive(waiting)).kind).to.equal('granted');
      expect(bench.arbiter.find(late.swap.id)?.phase).to.equal('queued');
      expect((await bench.settled(late.swap.id)).phase).to.equal('ready');
    });

    it('lets the holder pass by those who wait, and does not call the cluster busy for them', async () => {
      const grant = await bench.grant('ann');
      await bench.request('phi', { onBusy: 'queue', requestedBy: 'ben' });
      expect((await bench.swap('qwen', { lockId: grant.lockId })).phase).to.equal('ready');
    });

    it('ends a queued swap whose lock ended before its turn', async () => {
      const grant = await bench.grant('ann', { ttlMs: 5_000 });
      const first = await bench.request('qwen', { lockId: grant.lockId });
      const second = await bench.request('phi', { lockId: grant.lockId, onBusy: 'queue' });
      if (first.kind !== 'started' || second.kind !== 'queued') throw new Error(`${first.kind}, ${second.kind}`);
      bench.clock.stall(6_000);
      const ended = await bench.settled(second.swap.id);
      expect(ended.phase).to.equal('cancelled');
      expect(ended.cause?.code).to.equal('LOCK_EXPIRED');
      expect((await bench.settled(first.swap.id)).phase).to.equal('ready');
    });

    it('takes lock and swap up after a crash in the middle', async () => {
      const grant = await bench.grant('cron');
      const decision = await bench.request('qwen', { lockId: grant.lockId });
      if (decision.kind !== 'started') throw new Error('not started');
      await bench.inPhase(decision.swap.id, 'loading');
      await bench.restart();
      expect(bench.arbiter.lock.view.lock).to.include({ holder: 'cron', fence: grant.lease.fence, implicit: false });
      expect(await release(grant.lockId)).to.include({ kind: 'swap_running' });
      expect((await bench.settled(decision.swap.id)).phase).to.equal('ready');
      expect((await release(grant.lockId)).kind).to.equal('released');
    });

    it('is not fooled by a swap id for a lock id', async () => {
      const id: SwapId = (await bench.swap('qwen')).id;
      expect(await bench.request('phi', { lockId: id })).to.have.property('kind', 'fenced_off');
    });
  });
});
