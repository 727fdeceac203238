import { expect } from 'chai';
import {
  type Activity,
  clusterKey,
  createDefaultModels,
  type DefaultModelRule,
  type DefaultModels,
  modelKey,
  silentLogger,
} from '../../src/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { PlannedCore } from '../support/planned-core.ts';

const MINUTE = 60_000;
const home = modelKey('qwen');

class Bench {
  readonly clock = new FakeClock();
  readonly core = new PlannedCore(this.clock);
  readonly asked: string[] = [];
  activity: () => Activity | null = () => ({ inFlight: 0, finished: 5 });
  models: DefaultModels | null = null;

  async start(over: Partial<DefaultModelRule> = {}): Promise<DefaultModels> {
    const rule = { cluster: clusterKey('default'), model: home, afterLockRelease: true, afterIdleMs: null, afterReboot: true, ...over };
    const activity = {
      activity: async (url: string) => {
        this.asked.push(url);
        return this.activity();
      },
    };
    this.models = createDefaultModels({ core: this.core, rules: [rule], activity, clock: this.clock, logger: silentLogger });
    await this.models.start();
    await this.clock.advance(1_000);
    return this.models;
  }

  /** Somebody works under the lock, and ends. */
  async lockFor(ms: number, holder = 'cron:bench'): Promise<void> {
    this.core.setLock(holder);
    await this.clock.advance(ms);
    this.core.setLock(null);
  }
}

describe('bringing the default model back', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.models?.close());
  const requests = () => bench.core.requests.map(({ requestedBy, model, reason }) => [requestedBy, model, reason]);

  it('is asked for as anybody would, without a lock, some seconds after one was released', async () => {
    const models = await bench.start();
    await bench.lockFor(10 * MINUTE);
    await bench.clock.advance(4_000);
    expect(bench.core.requests).to.deep.equal([]);
    const [status] = models.status();
    expect(status?.pending).to.deep.include({ occasion: 'lock_release', failedTries: 0 });
    expect((status?.pending?.nextTryAt ?? 0) - bench.clock.now()).to.be.within(0, 2_000);
    await bench.clock.advance(2_000);
    expect(requests()).to.deep.equal([['default-model', home, 'default model, after the lock was released']]);
    const [request] = bench.core.requests;
    expect(request).to.include({ onBusy: 'reject', lockId: null });
    expect(request?.options).to.include({ rollback: true, replaceUnmanaged: false, forceRestart: false });
    bench.core.settle(bench.core.last.id);
    await bench.clock.advance(10 * MINUTE);
    expect(bench.core.requests).to.have.length(1);
    expect(models.status()).to.deep.equal([{ cluster: 'default', model: home, pending: null, hasGivenUp: false }]);
  });

  it('leaves the cluster to the next who takes the lock, or waits for it', async () => {
    await bench.start();
    await bench.lockFor(MINUTE);
    await bench.clock.advance(3_000);
    bench.core.setLock('cron:second', 2);
    await bench.clock.advance(MINUTE);
    bench.core.setLock(null);
    bench.core.waiting = [{ holder: 'cron:third', since: 1 }];
    await bench.clock.advance(MINUTE);
    expect(bench.core.requests).to.deep.equal([]);
    bench.core.waiting = [];
    await bench.clock.advance(6_000);
    expect(bench.core.requests).to.have.length(1);
  });

  it('takes a lock for a swap, or of an automation, for nobody’s', async () => {
    await bench.start();
    await bench.lockFor(MINUTE, 'automation:restarts');
    bench.core.setLock('anna', 3, true);
    await bench.clock.advance(MINUTE);
    bench.core.setLock(null);
    await bench.clock.advance(MINUTE);
    expect(bench.core.requests).to.deep.equal([]);
  });

  it('respects whoever swaps or unloads after that', async () => {
    await bench.start();
    await bench.lockFor(MINUTE);
    await bench.clock.advance(1_000);
    const swap = bench.core.beginSwap('anna');
    await bench.clock.advance(MINUTE);
    bench.core.settle(swap.id);
    await bench.clock.advance(10 * MINUTE);
    expect(bench.core.requests).to.deep.equal([]);
  });

  it('respects a swap that was queued behind the lock, too', async () => {
    await bench.start();
    bench.core.setLock('cron:bench');
    const swap = bench.core.beginSwap('anna');
    await bench.clock.advance(MINUTE);
    bench.core.setLock(null);
    bench.core.proceed(swap.id);
    await bench.clock.advance(MINUTE);
    bench.core.settle(swap.id);
    await bench.clock.advance(10 * MINUTE);
    expect(bench.core.requests).to.deep.equal([]);
  });

  it('is put off without a try when somebody is a moment faster', async () => {
    await bench.start();
    const decide = bench.core.decide;
    const lock = { holder: 'cron:bench', reason: null, fence: 9, implicit: false, acquiredAt: 0, expiresAt: null, remainingMs: null };
    bench.core.decide = () => ({ kind: 'locked', lock, retryAfterSeconds: 5 });
    await bench.lockFor(MINUTE);
    await bench.clock.advance(8_500);
    const refused = bench.core.requests.length;
    expect(refused).to.be.within(3, 4);
    expect(bench.models?.status()[0]?.pending).to.include({ failedTries: 0 });
    bench.core.decide = decide;
    await bench.clock.advance(1_000);
    expect(bench.core.requests).to.have.length(refused + 1);
    bench.core.settle(bench.core.last.id);
  });

  it('is tried three times, after one and after five minutes, and then left alone until the next lock ends', async () => {
    const models = await bench.start();
    await bench.lockFor(MINUTE);
    const times: number[] = [];
    const fail = async (): Promise<void> => {
      await bench.clock.until(() => bench.core.views()[0]?.activeSwap !== null, 10 * MINUTE);
      times.push(bench.clock.monotonic());
      bench.core.settle(bench.core.last.id, 'rolled_back');
      await settle();
    };
    for (let count = 0; count < 3; count += 1) await fail();
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).to.be.within(MINUTE, MINUTE + 2_000);
    expect(third - second).to.be.within(5 * MINUTE, 5 * MINUTE + 2_000);
    await bench.clock.advance(60 * MINUTE);
    expect(bench.core.requests).to.have.length(3);
    expect(models.status()[0]).to.deep.include({ pending: null, hasGivenUp: true });
    await bench.lockFor(MINUTE);
    await bench.clock.advance(6_000);
    expect(bench.core.requests).to.have.length(4);
  });

  it('is not tried again when a person cancels it, nor when it is refused as not ours to replace', async () => {
    await bench.start();
    await bench.lockFor(MINUTE);
    await bench.clock.advance(6_000);
    bench.core.settle(bench.core.last.id, 'cancelled');
    await bench.clock.advance(60 * MINUTE);
    expect(bench.core.requests).to.have.length(1);
    bench.core.decide = () => ({ kind: 'unmanaged', detail: 'theirs serves there.' });
    await bench.lockFor(MINUTE);
    await bench.clock.advance(60 * MINUTE);
    expect(bench.core.requests).to.have.length(2);
  });

  it('comes back after idle time, asking how much the other model is used', async () => {
    await bench.start({ afterIdleMs: 30 * MINUTE });
    await bench.clock.advance(20 * MINUTE);
    bench.activity = () => ({ inFlight: 2, finished: 5 });
    await bench.clock.advance(MINUTE);
    bench.activity = () => ({ inFlight: 0, finished: 7 });
    await bench.clock.advance(29 * MINUTE);
    expect(bench.core.requests).to.deep.equal([]);
    expect(bench.asked[0]).to.equal('http://10.0.0.1:8000');
    expect(bench.asked.length).to.be.within(280, 310);
    await bench.clock.advance(2 * MINUTE);
    expect(requests()).to.deep.equal([['default-model', home, 'default model, after a time without requests']]);
  });

  it('takes a model server that does not say for one in use', async () => {
    bench.activity = () => null;
    await bench.start({ afterIdleMs: MINUTE });
    await bench.clock.advance(10 * MINUTE);
    bench.activity = () => {
      throw new Error('no answer');
    };
    await bench.clock.advance(10 * MINUTE);
    expect(bench.core.requests).to.deep.equal([]);
  });

  it('asks for no metrics while it serves itself, or where the rule is off', async () => {
    bench.core.serving = { kind: 'model', model: home };
    await bench.start({ afterIdleMs: MINUTE });
    await bench.clock.advance(5 * MINUTE);
    expect([bench.asked, bench.core.requests]).to.deep.equal([[], []]);
  });

  it('comes back after a host has booted and nothing serves', async () => {
    await bench.start();
    bench.core.serving = { kind: 'unknown' };
    bench.core.uptimes = { spark1: null, spark2: 2_000 };
    await bench.clock.advance(3 * MINUTE);
    bench.core.serving = { kind: 'nothing' };
    bench.core.uptimes = { spark1: 40, spark2: 2_200 };
    await bench.clock.advance(20_000);
    expect(bench.core.requests).to.deep.equal([]);
    await bench.clock.advance(20_000);
    expect(requests()).to.deep.equal([['default-model', home, 'default model, after a reboot']]);
  });

  for (const { of, uptime, count } of [
    { of: 'has booted while no control plane was there', uptime: 30, count: 1 },
    { of: 'has been up since', uptime: 7_200, count: 0 },
  ]) {
    it(`looks once, at its start, whether a host ${of}`, async () => {
      const { id } = bench.core.beginSwap('anna');
      bench.core.settle(id);
      await bench.clock.advance(60 * MINUTE);
      bench.core.serving = { kind: 'nothing' };
      bench.core.uptimes = { spark1: uptime, spark2: 90_000 };
      await bench.start();
      await bench.clock.advance(40_000);
      expect(bench.core.requests).to.have.length(count);
    });
  }

  it('leaves no timer and no listener behind, also in the middle of a try', async () => {
    const models = await bench.start();
    await bench.lockFor(MINUTE);
    await bench.clock.advance(6_000);
    expect(bench.core.listeners).to.equal(2);
    await models.close();
    await settle();
    expect([bench.clock.sleepers, bench.core.listeners]).to.deep.equal([0, 0]);
  });
});
