import { expect } from 'chai';
import { Bench } from '../support/fake-core.ts';

describe('what webhooks are told by a running control plane', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
    await bench.clock.advance(3_000);
  });

  afterEach(() => bench.close());

  /** Types told since the last call. */
  let seen = 0;
  const told = (): readonly string[] => {
    const all = bench.journal.entries.flatMap(({ notices }) => notices ?? []).map(({ type }) => type);
    const fresh = all.slice(seen).filter((type) => !type.startsWith('lock_'));
    seen = all.length;
    return fresh;
  };
  beforeEach(() => {
    seen = 0;
  });

  // At any moment between two looks, each of which may be older than the end of the swap.
  for (const offset of [0, 400, 900, 1_300, 1_900]) {
    it(`is a start, an end and one change for each swap, and no illness (${offset} ms after a look)`, async () => {
      await bench.clock.drive(bench.request('qwen'));
      await bench.clock.advance(60_000 + offset);
      expect(told()).to.deep.equal(['swap_started', 'swap_complete', 'model_changed']);
      await bench.clock.drive(bench.request(null));
      await bench.clock.advance(60_000);
      expect(told()).to.deep.equal(['swap_started', 'swap_complete', 'model_changed']);
    });
  }

  for (const offset of [0, 400, 900, 1_300, 1_900]) {
    it(`is of a change by a swap what serves now, and where it is to be had (${offset} ms after a look)`, async () => {
      await bench.clock.drive(bench.request('qwen'));
      await bench.clock.advance(60_000 + offset);
      await bench.clock.drive(bench.request('gemma'));
      await bench.clock.advance(60_000);
      const changes = bench.journal.entries.flatMap(({ notices }) => notices ?? []).filter(({ type }) => type === 'model_changed');
      const said = changes.map((notice) => ('view' in notice ? [notice.view.isHealthy, notice.endpoint?.modelId] : []));
      expect(said).to.deep.equal([
        [true, 'qwen'],
        [true, 'gemma'],
      ]);
    });
  }

  it('is one illness and one change when a model dies by itself, and nothing while its host cannot be reached', async () => {
    await bench.clock.drive(bench.request('qwen'));
    await bench.clock.advance(60_000);
    told();
    bench.hosts.isDown = true;
    await bench.clock.advance(60_000);
    expect(told()).to.deep.equal([]);
    bench.hosts.isDown = false;
    await bench.clock.advance(60_000);
    expect(told()).to.deep.equal([]);
    for (const server of bench.hosts.servers) server.dead = true;
    await bench.clock.advance(60_000);
    expect(told()).to.deep.equal(['model_unhealthy', 'model_changed']);
  });

  it('is one illness when a model is there and does not answer any more', async () => {
    await bench.clock.drive(bench.request('qwen'));
    await bench.clock.advance(60_000);
    told();
    for (const server of bench.hosts.servers) server.readyAt = Number.POSITIVE_INFINITY;
    await bench.clock.advance(60_000);
    expect(told()).to.deep.equal(['model_unhealthy']);
  });

  it('is the end of a swap that never had its turn', async () => {
    await bench.clock.drive(bench.request('qwen'));
    const queued = await bench.clock.drive(bench.request('gemma', { onBusy: 'queue' }));
    if (queued.kind !== 'queued') throw new Error(`expected it to be queued, and it was ${queued.kind}`);
    await bench.clock.drive(bench.arbiter.cancel(queued.swap.id));
    expect(told()).to.deep.equal(['swap_started', 'swap_failed']);
  });
});
