import { expect } from 'chai';
import type { CoreDeps } from '../../src/application/core-deps.ts';
import {
  type CatalogSnapshot,
  CONTROL_PLANE,
  clusterKey,
  createCore,
  DEFAULT_DEADLINES,
  isSparkError,
  type Model,
  modelKey,
  type SparkCore,
  type Swap,
  type SwapRequest,
  silentLogger,
  swapId,
} from '../../src/index.ts';
import { aCluster, aModel, aSwap, someOptions } from '../support/builders.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { FakeTokens } from '../support/fake-tokens.ts';
import { MemoryJournal } from '../support/memory-journal.ts';

class Scene {
  readonly clock = new FakeClock();
  readonly journal = new MemoryJournal();
  readonly pair = aCluster();
  readonly solo = aCluster({ key: clusterKey('solo'), name: 'Solo' });
  readonly pairHosts = new FakeCluster(this.pair, this.clock);
  readonly soloHosts = new FakeCluster(this.solo, this.clock);
  catalog: CatalogSnapshot = { revision: 1, models: [aModel('gemma'), aModel('qwen'), aModel('wide', { nodes: 3 })], fault: null };
  store = { ok: true, detail: 'fine' };
  #ids = 0;
  core: SparkCore = this.make();

  make(): SparkCore {
    const { clock, journal, pair, solo, pairHosts, soloHosts } = this;
    const portsOf = (hosts: FakeCluster) => ({ runtime: hosts, fence: hosts, probe: hosts });
    const deps: CoreDeps = {
      clusters: [
        { cluster: pair, ports: portsOf(pairHosts) },
        { cluster: solo, ports: portsOf(soloHosts) },
      ],
      catalog: { current: () => this.catalog },
      journal,
      events: journal,
      fences: journal,
      leases: journal,
      tokens: new FakeTokens(),
      endpoint: pairHosts,
      clock,
      secrets: { read: () => null },
      ids: { next: (prefix) => `${prefix}_${String(++this.#ids).padStart(4, '0')}` },
      logger: silentLogger,
      controllerId: 'ctl_1',
      isSimulated: true,
      deadlines: DEFAULT_DEADLINES,
      storeHealth: async () => this.store,
    };
    return createCore(deps);
  }

  request(model: string | null, over: Partial<SwapRequest> = {}) {
    const request: SwapRequest = {
      cluster: this.pair.key,
      model: model === null ? null : modelKey(model),
      requestedBy: 'tester',
      reason: null,
      options: someOptions(),
      onBusy: 'reject',
      lockId: null,
      ...over,
    };
    return this.clock.drive(this.core.requestSwap(request));
  }

  async swap(model: string): Promise<Swap> {
    const decision = await this.request(model);
    if (decision.kind !== 'started') throw new Error(decision.kind);
    await this.clock.until(async () => (await this.core.swap(decision.swap.id))?.settledAt != null);
    return (await this.core.swap(decision.swap.id)) as Swap;
  }
}

describe('the core', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = new Scene();
    expect((await scene.core.readiness()).find((check) => check.name === 'arbiters')?.ok).to.equal(false);
    await scene.clock.drive(scene.core.start());
  });
  afterEach(async () => {
    await scene.clock.drive(scene.core.close());
    expect(scene.clock.sleepers).to.equal(0);
  });

  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => (isSparkError(error) ? error : null),
    );

  it('refuses what it does not know, and names near matches', async () => {
    const model = await codeOf(scene.request('qwem'));
    expect(model).to.include({ code: 'MODEL_NOT_FOUND' });
    expect(model?.message).to.contain('Did you mean qwen?');
    const cluster = await codeOf(scene.request('qwen', { cluster: clusterKey('sole') }));
    expect(cluster?.message).to.contain('solo');
    expect(await codeOf(scene.core.cancelSwap(swapId('swp_none')))).to.include({ code: 'SWAP_NOT_FOUND' });
    expect(await codeOf(scene.core.preflight(modelKey('qwen'), clusterKey('nope'), null))).to.include({ code: 'CLUSTER_NOT_FOUND' });
    expect(await codeOf(scene.core.preflight(modelKey('nope'), scene.pair.key, null))).to.include({ code: 'MODEL_NOT_FOUND' });
  });

  it('refuses before the start what cannot run on this cluster', async () => {
    const decision = await scene.request('wide');
    expect(decision.kind).to.equal('preflight_failed');
    expect((decision.kind === 'preflight_failed' ? decision.issues : []).map((issue) => issue.code)).to.deep.equal(['too_few_hosts']);
  });

  it('refuses a lock id that is not the live lock', async () => {
    expect((await scene.request('qwen', { lockId: 'lck_other' })).kind).to.equal('fenced_off');
  });

  it('swaps one cluster and leaves the other alone', async () => {
    const swap = await scene.swap('qwen');
    expect(swap).to.include({ phase: 'ready', simulated: true });
    expect(scene.soloHosts.calls).to.deep.equal([]);
    await scene.clock.advance(3_000);
    expect(scene.core.views().map((view) => [view.cluster, view.serving.kind])).to.deep.equal([
      ['default', 'model'],
      ['solo', 'nothing'],
    ]);
    expect(scene.core.logTail(swap.id).map((line) => line.seq)).to.deep.equal([1, 2]);
    expect((await scene.core.estimate(scene.pair.key, modelKey('qwen'))).samples).to.equal(1);
    expect((await scene.core.swaps({ limit: 5 })).map((one) => one.id)).to.deep.equal([swap.id]);
    expect(await scene.core.cancelSwap(swap.id)).to.include({ kind: 'settled' });
    const { newest } = await scene.core.eventRange();
    expect((await scene.core.replay(0, 1_000)).at(-1)?.id).to.equal(newest);
  });

  it('is warned of a lock, unless it is the lock of whoever asks', async () => {
    const wish = {
      cluster: scene.pair.key,
      holder: 'cron',
      reason: 'nightly',
      ttlMs: 60_000,
      waitMs: 0,
      ticket: null,
      actor: CONTROL_PLANE,
    };
    const decision = await scene.clock.drive(scene.core.locks.acquire(wish, new AbortController().signal));
    if (decision.kind !== 'granted') throw new Error('not granted');
    const lockOf = async (lockId: string | null) => {
      const { checks } = await scene.clock.drive(scene.core.preflight(modelKey('qwen'), scene.pair.key, null, lockId));
      return checks.find(({ name }) => name === 'lock');
    };
    expect(await lockOf(null)).to.include({ status: 'warn' });
    expect((await lockOf(null))?.detail).to.match(/^cron holds the lock of cluster \w+ \(nightly\) until 20/);
    expect(await lockOf('lck_of somebody else')).to.include({ status: 'warn' });
    expect(await lockOf(decision.grant.lockId)).to.include({ status: 'pass' });
  });

  it('judges a start without starting anything, also with other flags', async () => {
    const report = await scene.clock.drive(scene.core.preflight(modelKey('qwen'), scene.pair.key, null));
    expect(report.ok, JSON.stringify(report.checks.filter((check) => check.status === 'fail'))).to.equal(true);
    expect(report.command?.preview).to.contain('acme/qwen');
    const other = await scene.clock.drive(scene.core.preflight(modelKey('qwen'), scene.pair.key, { 'max-model-len': 1234 }));
    expect(other.command?.preview).to.contain('1234');
    const bad = await scene.clock.drive(scene.core.preflight(modelKey('qwen'), scene.pair.key, { 'max-model-len': 'long' }));
    expect(bad).to.include({ ok: false, command: null });
    const wide = await scene.clock.drive(scene.core.preflight(modelKey('wide'), scene.pair.key, null));
    expect(wide.checks.find((check) => check.status === 'fail')?.name).to.equal('catalog');
    expect(scene.pairHosts.calls).to.deep.equal([]);
  });

  it('says what it cannot check on hosts that are gone, and fails a swap there with the reason', async () => {
    scene.pairHosts.isDown = true;
    const report = await scene.clock.drive(scene.core.preflight(modelKey('qwen'), scene.pair.key, null));
    expect(report.checks.filter((check) => check.name === 'host').map((check) => check.status)).to.not.include('pass');
    const swap = await scene.swap('qwen');
    expect(swap).to.include({ phase: 'failed' });
    expect(swap.cause).to.include({ code: 'HOST_UNREACHABLE' });
    await scene.clock.advance(6_000);
    expect(scene.core.hostReports().every((one) => one.reachable)).to.equal(false);
  });

  it('says of hosts that hang that it could not check them, in place of an error', async () => {
    const hanging = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    scene.pairHosts.observe = hanging;
    scene.pairHosts.inspect = (_questions?: unknown, signal?: AbortSignal) => hanging(signal as AbortSignal);
    const report = await scene.clock.drive(scene.core.preflight(modelKey('qwen'), scene.pair.key, null));
    const host = report.checks.filter((check) => check.name === 'host');
    expect(host.map((check) => check.status)).to.deep.equal(['unknown', 'unknown']);
    expect(host[0]?.detail).to.contain('15 s');
    await scene.clock.advance(12_000);
    expect(scene.core.hostReports().map(({ cluster, reachable }) => [cluster, reachable])).to.deep.include([scene.pair.key, false]);
  });

  it('goes back to what was really started, not to what the catalog says by then', async () => {
    await scene.swap('gemma');
    const changed = (model: Model): Model => (model.key === 'gemma' ? { ...model, flags: { 'max-model-len': 99 } } : model);
    scene.catalog = { ...scene.catalog, revision: 2, models: scene.catalog.models.map(changed) };
    scene.pairHosts.faults = { crash: 'qwen' };
    const swap = await scene.swap('qwen');
    expect(swap.phase).to.equal('rolled_back');
    expect(scene.pairHosts.serving()?.plan?.args.join(' ')).to.not.contain('99');
  });

  it('fails a swap whose model left the catalog while it waited', async () => {
    scene.pairHosts.loadMs = 3_000;
    await scene.request('gemma');
    const decision = await scene.request('qwen', { onBusy: 'queue' });
    scene.catalog = { ...scene.catalog, models: [aModel('gemma')] };
    const id = (decision as { swap: Swap }).swap.id;
    await scene.clock.until(async () => (await scene.core.swap(id))?.settledAt != null);
    expect((await scene.core.swap(id))?.cause?.code).to.equal('MODEL_NOT_FOUND');
  });

  it('settles at its start a swap whose cluster is no longer configured', async () => {
    const orphan = aSwap({ id: swapId('swp_orphan'), cluster: clusterKey('gone') });
    await scene.journal.commit({ swap: orphan });
    const another = scene.make();
    await scene.clock.drive(another.start());
    await scene.clock.drive(another.close());
    const swap = await scene.journal.get(orphan.id);
    expect(swap).to.deep.include({ phase: 'failed', serving: { kind: 'unknown' } });
    expect(swap?.cause?.code).to.equal('CLUSTER_NOT_FOUND');
  });

  it('never carries on real hosts what began on simulated ones, nor the other way round', async () => {
    const orphan = aSwap({ id: swapId('swp_orphan'), cluster: scene.pair.key, simulated: false });
    await scene.journal.commit({ swap: orphan });
    const another = scene.make();
    await scene.clock.drive(another.start());
    expect(another.views().map((view) => view.activeSwap)).to.deep.equal([null, null]);
    await scene.clock.drive(another.close());
    const swap = await scene.journal.get(orphan.id);
    expect(swap).to.deep.include({ phase: 'failed', serving: { kind: 'unknown' } });
    expect(swap?.cause?.message).to.contain('began on real hosts');
  });

  it('is ready when store, catalog and arbiters are', async () => {
    expect((await scene.core.readiness()).every((check) => check.ok)).to.equal(true);
    scene.store = { ok: false, detail: 'disk full' };
    scene.catalog = { revision: 3, models: [], fault: 'line 3' };
    const failed = (await scene.core.readiness()).filter((check) => !check.ok);
    expect(failed.map((check) => `${check.name}: ${check.detail}`)).to.deep.equal(['store: disk full', 'catalog: line 3']);
  });

  it('keeps telling the others when one listener throws', async () => {
    let heard = 0;
    scene.core.subscribe(() => {
      throw new Error('listener');
    });
    const stop = scene.core.subscribe(() => {
      heard += 1;
    });
    await scene.swap('qwen');
    expect(heard).to.be.greaterThan(8);
    stop();
  });
});
