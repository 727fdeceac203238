import { expect } from 'chai';
import type { Swap } from '../../src/index.ts';
import { someOptions } from '../support/builders.ts';
import { Bench } from '../support/fake-core.ts';

describe('the arbiter', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
  });

  afterEach(async () => {
    await bench.close();
  });

  const idOf = (decision: { kind: string; swap?: Swap }): Swap['id'] => decision.swap!.id;

  it('takes a swap through every phase and journals each before it acts', async () => {
    const swap = await bench.swap('qwen');
    expect(swap).to.deep.include({ phase: 'ready', serving: { kind: 'model', model: 'qwen' }, fence: 1 });
    expect(bench.history(swap.id)).to.deep.equal([
      'queued',
      'validating',
      'draining',
      'stopping',
      'launching',
      'loading',
      'warming',
      'ready',
    ]);
    expect(swap.progress).to.deep.equal({ fraction: 1, label: 'ready' });
    expect(await bench.journal.current(bench.cluster.key)).to.equal(1);
  });

  it('swaps from one model to another under a rising fence, and remembers how long the load took', async () => {
    await bench.swap('gemma');
    const swap = await bench.swap('qwen');
    expect(swap.previous).to.deep.include({ kind: 'plan', model: 'gemma' });
    expect(bench.hosts.launches.map((claim) => claim.fence)).to.deep.equal([1, 2]);
    const [seconds] = await bench.journal.loadTimes(bench.cluster.key, bench.plan('qwen').model, false);
    expect(seconds).to.be.within(4, 4.6);
  });

  it('answers a swap to what serves already without doing anything', async () => {
    await bench.swap('qwen');
    const decision = await bench.request('qwen');
    expect(decision.kind).to.equal('noop');
    expect(idOf(decision as never)).to.equal(bench.arbiter.find(idOf(decision as never))?.id);
    expect((await bench.request('qwen', { options: someOptions({ forceRestart: true }) })).kind).to.equal('started');
  });

  it('unloads', async () => {
    await bench.swap('qwen');
    const swap = await bench.swap(null);
    expect(swap).to.deep.include({ phase: 'ready', serving: { kind: 'nothing' } });
    expect(bench.hosts.serving()).to.equal(undefined);
  });

  it('refuses while one runs, naming it, or queues behind it in order', async () => {
    const first = await bench.request('gemma');
    const refused = await bench.request('qwen');
    expect(refused).to.deep.include({ kind: 'busy', swapId: idOf(first as never) });
    const second = await bench.request('qwen', { onBusy: 'queue', requestedBy: 'a' });
    const third = await bench.request('phi', { onBusy: 'queue', requestedBy: 'b' });
    expect([second, third].map((decision) => (decision as { position: number }).position)).to.deep.equal([1, 2]);
    expect((await bench.settled(idOf(third as never))).phase).to.equal('ready');
    expect(bench.hosts.launches.length).to.equal(3);
    expect(bench.hosts.serving()?.plan?.model).to.equal('phi');
  });

  it("lets a newer request take the place of the same requester's queued one", async () => {
    await bench.request('gemma');
    const older = await bench.request('qwen', { onBusy: 'queue' });
    await bench.request('phi', { onBusy: 'queue' });
    const swap = await bench.settled(idOf(older as never));
    expect(swap).to.include({ phase: 'cancelled' });
    expect(swap.cause?.code).to.equal('SUPERSEDED');
  });

  it('drops a queued swap when its wait is over', async () => {
    bench.hosts.loadMs = 60_000;
    await bench.request('gemma');
    const waiting = await bench.request('qwen', { onBusy: 'queue', options: someOptions({ queueSeconds: 5 }) });
    const swap = await bench.settled(idOf(waiting as never));
    expect(swap.cause?.code).to.equal('QUEUE_TIMEOUT');
  });

  it('waits for running requests, but not longer than it was told', async () => {
    await bench.swap('gemma');
    bench.hosts.inFlight = 3;
    const swap = await bench.swap('qwen', { options: someOptions({ drainSeconds: 7 }) });
    const drained = swap.steps.find((step) => step.phase === 'draining');
    expect(drained?.note).to.contain('3 request(s) cut off');
    expect(drained!.endedAt! - drained!.startedAt!).to.be.within(7_000, 7_300);
  });

  for (const [fault, code] of [
    ['crash', 'MODEL_CRASHED'],
    ['noToken', 'UPSTREAM_FAILED'],
    ['neverReady', 'NO_PROGRESS'],
  ] as const) {
    it(`rolls back to the previous model after ${fault}, and says why`, async () => {
      await bench.swap('gemma');
      bench.hosts.faults = { [fault]: 'qwen' };
      const swap = await bench.swap('qwen');
      expect(swap).to.deep.include({ phase: 'rolled_back', serving: { kind: 'model', model: 'gemma' } });
      expect(swap.cause?.code).to.equal(code);
      expect(bench.hosts.serving()?.plan?.model).to.equal('gemma');
      expect(new Set(bench.hosts.launches.map((claim) => claim.fence)).size).to.equal(3);
    });
  }

  it('fails with an empty GPU when there was nothing before', async () => {
    bench.hosts.faults = { crash: 'qwen' };
    const swap = await bench.swap('qwen');
    expect(swap).to.deep.include({ phase: 'failed', serving: { kind: 'nothing' } });
    expect(bench.hosts.serving()).to.equal(undefined);
  });

  it('rolls back only once: when that fails too it says so and stops trying', async () => {
    await bench.swap('gemma');
    bench.hosts.faults = { launch: 'docker is ill' };
    const swap = await bench.swap('qwen');
    expect(swap.phase).to.equal('failed');
    expect(bench.hosts.calls.filter((call) => call.startsWith('launch')).length).to.equal(3);
  });

  it('cancels a load and brings the previous model back', async () => {
    await bench.swap('gemma');
    const decision = await bench.request('qwen');
    await bench.inPhase(idOf(decision as never), 'loading');
    expect((await bench.cancel(idOf(decision as never)))?.kind).to.equal('accepted');
    expect((await bench.cancel(idOf(decision as never)))?.kind).to.equal('rolling_back');
    const swap = await bench.settled(idOf(decision as never));
    expect(swap).to.deep.include({ phase: 'cancelled', serving: { kind: 'model', model: 'gemma' } });
  });

  it('hears a cancel that comes between two steps', async () => {
    await bench.swap('gemma');
    bench.hosts.loadMs = 1_800_000;
    const decision = await bench.request('qwen');
    const id = idOf(decision as never);
    bench.failpoint = (name) => {
      if (name !== 'after_commit_load') return;
      bench.failpoint = null;
      bench.hosts.loadMs = 1_000;
      void bench.arbiter.cancel(id);
    };
    await bench.inPhase(id, 'rolling_back');
    await bench.clock.advance(30_000);
    expect((await bench.journal.get(id))?.phase).to.equal('cancelled');
  });

  it('leaves alone what it did not start, unless told; then sets it aside and brings it back when the new model fails', async () => {
    bench.hosts.startUnmanaged();
    await bench.clock.advance(3_000);
    expect((await bench.request('qwen')).kind).to.equal('unmanaged');
    bench.hosts.faults = { crash: 'qwen' };
    const swap = await bench.swap('qwen', { options: someOptions({ replaceUnmanaged: true }) });
    expect(swap).to.deep.include({ phase: 'rolled_back', serving: { kind: 'unmanaged' } });
    expect(bench.hosts.serving()?.name).to.equal('theirs');
    bench.hosts.faults = {};
    await bench.clock.advance(3_000);
    const good = await bench.swap('qwen', { options: someOptions({ replaceUnmanaged: true }) });
    expect(good.phase).to.equal('ready');
    expect(bench.hosts.servers.length).to.equal(1);
  });

  it('leaves alone what somebody starts between the checks and the stop, and goes back to the model before', async () => {
    await bench.swap('gemma');
    bench.hosts.inFlight = 1;
    const decision = await bench.request('qwen', { options: someOptions({ drainSeconds: 5 }) });
    await bench.inPhase(idOf(decision as never), 'draining');
    bench.hosts.startUnmanaged('late');
    const swap = await bench.settled(idOf(decision as never));
    expect(swap.cause?.code).to.equal('UNMANAGED_MODEL');
    expect(bench.hosts.servers.map((server) => server.name)).to.include('late');
    expect(swap).to.deep.include({ phase: 'rolled_back', serving: { kind: 'model', model: 'gemma' } });
  });

  it('does nothing more once another controller holds the fence', async () => {
    await bench.swap('gemma');
    const decision = await bench.request('qwen');
    await bench.inPhase(idOf(decision as never), 'stopping');
    bench.hosts.held = { ...bench.hosts.held!, controller: 'ctl_2', fence: 99 };
    const launches = bench.hosts.launches.length;
    const swap = await bench.settled(idOf(decision as never));
    expect(swap).to.include({ phase: 'failed' });
    expect(swap.cause?.code).to.equal('FENCED_OFF');
    await bench.clock.advance(60_000);
    expect(bench.hosts.launches.length).to.equal(launches);
  });

  for (const phase of ['draining', 'stopping', 'launching', 'loading', 'warming'] as const) {
    it(`rides out a host that is gone for 60 s while ${phase}`, async () => {
      await bench.swap('gemma');
      bench.hosts.inFlight = phase === 'draining' ? 1 : 0;
      const decision = await bench.request('qwen', { options: someOptions({ drainSeconds: 3 }) });
      await bench.inPhase(idOf(decision as never), phase);
      bench.hosts.isDown = true;
      await bench.clock.advance(60_000);
      bench.hosts.isDown = false;
      const swap = await bench.settled(idOf(decision as never));
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready' });
      expect(bench.hosts.launches.length).to.equal(2);
    });
  }

  it('does not refuse for a link that is out for two seconds while validating', async () => {
    await bench.swap('gemma');
    bench.hosts.isDown = true;
    const asked = bench.request('qwen');
    await bench.clock.advance(2_000);
    bench.hosts.isDown = false;
    const swap = await bench.settled(idOf((await asked) as never));
    expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready' });
  });

  it('waits while the journal cannot be written, and loses nothing', async () => {
    const decision = await bench.request('qwen');
    await bench.inPhase(idOf(decision as never), 'launching');
    bench.journal.isUnavailable = true;
    await bench.clock.advance(20_000);
    expect(bench.arbiter.find(idOf(decision as never))?.phase).to.be.oneOf(['launching', 'loading']);
    bench.journal.isUnavailable = false;
    expect((await bench.settled(idOf(decision as never))).phase).to.equal('ready');
  });

  it('grants nothing from memory: a request on a full disk is refused', async () => {
    bench.journal.isUnavailable = true;
    const refused = await bench.request('qwen').then(
      () => null,
      (error: { code: string }) => error.code,
    );
    expect(refused).to.equal('STORE_UNAVAILABLE');
    expect(bench.hosts.calls).to.deep.equal([]);
  });

  it('shows what others do behind its back, and plans from that', async () => {
    await bench.swap('gemma');
    bench.hosts.servers = [];
    await bench.clock.advance(5_000);
    expect(bench.arbiter.watch.view).to.deep.include({ serving: { kind: 'nothing' } });
    expect(bench.arbiter.watch.view.drift).to.contain('gemma was serving');
    const swap = await bench.swap('qwen');
    expect(swap.previous).to.deep.equal({ kind: 'nothing' });
    expect(bench.arbiter.watch.view.drift).to.equal(null);
  });

  it('says unknown, never absent, for a host that cannot be asked', async () => {
    await bench.swap('gemma');
    bench.hosts.isDown = true;
    await bench.clock.advance(5_000);
    expect(bench.arbiter.watch.view).to.deep.include({ serving: { kind: 'unknown' }, runtime: 'unknown', drift: null });
    expect(bench.arbiter.watch.view.unreachable[0]?.reason).to.equal('no route');
  });

  it('tells progress that never falls while one model loads', async () => {
    await bench.swap('gemma');
    const decision = await bench.request('qwen');
    await bench.settled(idOf(decision as never));
    const fractions = bench.events.flatMap((event) =>
      'swap' in event && event.swapId === idOf(decision as never) ? [event.swap.progress.fraction] : [],
    );
    expect(fractions).to.deep.equal([...fractions].sort((a, b) => a - b));
    expect(fractions.some((fraction) => fraction > 0.2 && fraction < 1)).to.equal(true);
  });
});

describe('the arbiter after a crash', () => {
  const points = ['validate', 'drain', 'stop', 'launch', 'await_load', 'warm_up', 'clear_for_rollback'].flatMap((effect) => [
    `before_${effect}`,
    `after_${effect}`,
  ]);

  for (const isFailing of [false, true]) {
    for (const point of points) {
      it(`at ${point} of a ${isFailing ? 'failing' : 'good'} swap goes on or back, and never launches twice`, async () => {
        const bench = await new Bench().start();
        await bench.swap('gemma');
        if (isFailing) bench.hosts.faults = { crash: 'qwen' };
        const decision = await bench.request('qwen');
        const id = (decision as { swap: Swap }).swap.id;
        bench.failpoint = (name) => {
          if (name !== point) return;
          bench.failpoint = null;
          bench.kill();
        };
        await bench.clock.until(() => bench.isKilled || bench.arbiter.find(id) === null);
        await bench.restart();
        const swap = await bench.settled(id);
        expect(swap.phase).to.equal(isFailing ? 'rolled_back' : 'ready');
        const fences = bench.hosts.launches.map((claim) => claim.fence);
        expect(new Set(fences).size).to.equal(fences.length);
        expect(bench.hosts.servers.length).to.equal(1);
        await bench.close();
      });
    }
  }
});
