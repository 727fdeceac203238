import { expect } from 'chai';
import {
  createCore,
  DEFAULT_DEADLINES,
  type MemoryRecord,
  type MemoryRecords,
  type Model,
  modelKey,
  type SparkCore,
  SparkError,
  type Swap,
  silentLogger,
} from '../../src/index.ts';
import { aCluster, aModel, someOptions } from '../support/builders.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { FakeTokens } from '../support/fake-tokens.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import { MemoryLoadRecords } from '../support/memory-load-records.ts';

const GIB = 2 ** 30;
const LOADED = [
  '(Worker_TP0 pid=1) INFO 11-22 10:00:00 [gpu_model_runner.py:1] Model loading took 30.00 GiB memory and 10.0 seconds',
  '(Worker_TP1 pid=1) INFO 11-22 10:00:00 [gpu_model_runner.py:1] Model loading took 31.00 GiB memory and 10.0 seconds',
  '(EngineCore pid=1) INFO 11-22 10:00:00 [gpu_worker.py:1] Available KV cache memory: 60.00 GiB',
  '(EngineCore pid=1) INFO 11-22 10:00:00 [kv_cache_utils.py:1] GPU KV cache size: 600,000 tokens',
];
const REFUSED = [
  'ValueError: Free memory on device cuda:0 (90.00/121.00 GiB) on startup is less than desired GPU memory utilization (0.92, 111.32 GiB).',
];

class Scene {
  readonly clock = new FakeClock();
  readonly cluster = aCluster();
  readonly hosts = new FakeCluster(this.cluster, this.clock);
  readonly records = new MemoryLoadRecords();
  models: readonly Model[] = [aModel('gemma'), aModel('qwen', { flags: { 'gpu-memory-utilization': 0.8 } })];
  readonly core: SparkCore;

  constructor(memoryRecords: MemoryRecords | null = null) {
    const { clock, cluster, hosts } = this;
    const journal = new MemoryJournal();
    let ids = 0;
    this.core = createCore({
      clusters: [{ cluster, ports: { runtime: hosts, fence: hosts, probe: hosts } }],
      catalog: { current: () => ({ revision: 1, models: this.models, fault: null }) },
      ...{ journal, events: journal, fences: journal, leases: journal, tokens: new FakeTokens(), endpoint: hosts, clock },
      secrets: { read: () => null },
      ids: { next: (prefix) => `${prefix}_${String(++ids).padStart(4, '0')}` },
      ...{ logger: silentLogger, controllerId: 'ctl_1', isSimulated: false, deadlines: DEFAULT_DEADLINES },
      memoryRecords: memoryRecords ?? this.records,
      storeHealth: async () => ({ ok: true, detail: '' }),
    });
  }

  async swap(model: string): Promise<Swap> {
    const request = {
      ...{ cluster: this.cluster.key, model: modelKey(model), requestedBy: 't', reason: null, options: someOptions() },
      ...{ onBusy: 'reject' as const, lockId: null },
    };
    const decision = await this.clock.drive(this.core.requestSwap(request));
    if (decision.kind !== 'started') throw new Error(decision.kind);
    await this.clock.until(async () => (await this.core.swap(decision.swap.id))?.settledAt != null);
    return (await this.core.swap(decision.swap.id)) as Swap;
  }

  memory(model: string) {
    return this.clock.drive(this.core.preflight(modelKey(model), this.cluster.key, null));
  }

  kept(): readonly MemoryRecord[] {
    return [...this.records.rows.values()].map((row) => JSON.parse(row) as MemoryRecord);
  }
}

describe('what a load took of the memory', () => {
  let scene: Scene;
  const begin = async (records?: MemoryRecords): Promise<Scene> => {
    scene = new Scene(records ?? null);
    await scene.clock.drive(scene.core.start());
    return scene;
  };
  afterEach(() => scene.clock.drive(scene.core.close()));

  it('is kept when it went well, and measured is what the next pre-flight says', async () => {
    await begin();
    expect((await scene.memory('qwen')).memory.basis).to.equal('estimated');
    scene.hosts.lines = LOADED;
    const swap = await scene.swap('qwen');
    expect(swap.phase).to.equal('ready');
    const [record, ...others] = scene.kept();
    expect(others).to.deep.equal([]);
    expect(record).to.include({
      swap: swap.id,
      outcome: 'loaded',
      digest: swap.plan?.digest,
      nodes: 2,
      imageId: 'sha256:1',
      simulated: false,
    });
    expect(record).to.include({ totalBytes: 121 * GIB, availableBytes: 110 * GIB, source: 'acme/qwen' });
    expect(record?.measures).to.include({ weightsBytes: 31 * GIB, kvBytes: 60 * GIB, kvTokens: 600_000, lowestAvailableBytes: 20 * GIB });
    const { memory } = await scene.memory('qwen');
    expect(memory.basis).to.equal('measured');
    expect(memory.fit?.demand.weights).to.deep.equal({ bytes: 31 * GIB, basis: 'measured' });
  });

  it('is kept when a start was refused, and the same start is refused before it begins', async () => {
    await begin();
    scene.hosts.lines = REFUSED;
    scene.hosts.faults = { crash: 'gemma' };
    const swap = await scene.swap('gemma');
    expect(swap.phase).to.equal('failed');
    expect(scene.kept().map(({ outcome, measures }) => [outcome, measures.refusedFreeBytes])).to.deep.equal([['start_refused', 90 * GIB]]);
    const report = await scene.memory('gemma');
    expect(report.ok).to.equal(false);
    expect(report.memory.fit?.reasons[0]).to.include({ code: 'start_refused', status: 'fail', basis: 'measured' });
    expect((await scene.swap('gemma')).cause?.code).to.equal('DOES_NOT_FIT');
    expect(scene.hosts.launches).to.have.length(1);
  });

  it('is not kept of a failure that has nothing to do with memory, nor of a rollback', async () => {
    await begin();
    scene.hosts.lines = LOADED;
    await scene.swap('qwen');
    scene.hosts.faults = { crash: 'gemma' };
    scene.hosts.lines = ['Traceback (most recent call last):'];
    expect((await scene.swap('gemma')).phase).to.equal('rolled_back');
    expect(scene.kept().map(({ model }) => model)).to.deep.equal(['qwen']);
  });

  it('refuses no swap when it cannot be read or written', async () => {
    const broken = async (): Promise<never> => {
      throw new SparkError('STORE_UNAVAILABLE', 'The disk is gone.');
    };
    await begin({ save: broken, latest: broken });
    scene.hosts.lines = LOADED;
    expect((await scene.swap('qwen')).phase).to.equal('ready');
    expect((await scene.memory('qwen')).memory.basis).to.equal('estimated');
  });
});

describe('whether a model fits, for lists', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
    scene.models = [
      aModel('small', { nodes: 1, weightsBytes: 20 * GIB, flags: { 'gpu-memory-utilization': 0.8 } }),
      aModel('huge', { nodes: 1, weightsBytes: 400 * GIB }),
      aModel('tight', { nodes: 1, weightsBytes: 60 * GIB, flags: { 'gpu-memory-utilization': 0.5 } }),
      aModel('unknown', { nodes: 1, weightsBytes: null, flags: { 'gpu-memory-utilization': 0.8 } }),
      aModel('wide', { nodes: 3 }),
    ];
  });
  afterEach(() => scene.clock.drive(scene.core.close()));
  const fits = (): Promise<readonly (boolean | null)[]> =>
    Promise.all(['small', 'huge', 'tight', 'unknown', 'wide', 'gone'].map((key) => scene.core.fits(modelKey(key))));

  it('is not known before a host was seen', async () => {
    expect(await fits()).to.deep.equal([null, null, null, null, false, null]);
  });

  it('follows from the latest telemetry, and asks no host for it', async () => {
    await scene.clock.drive(scene.core.start());
    await scene.clock.advance(100);
    const { calls } = scene.hosts;
    expect(await fits()).to.deep.equal([true, false, false, null, false, null]);
    expect(scene.hosts.calls).to.equal(calls);
  });

  it('is known of weights that a pre-flight has found', async () => {
    await scene.clock.drive(scene.core.start());
    await scene.memory('unknown');
    expect(await scene.core.fits(modelKey('unknown'))).to.equal(true);
  });
});
