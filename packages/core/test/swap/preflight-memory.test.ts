import { expect } from 'chai';
import { buildPlan, type GpuProcess, type Model, memoryFlags } from '../../src/index.ts';
import { aCluster, aModel } from '../support/builders.ts';
import { aMemoryRecord } from '../support/memory-samples.ts';
import { aContainer, checkOf, GIB, judge, someFacts } from '../support/preflight-scenes.ts';

const model = (utilization: number, weightsGib: number | null, over: Partial<Model> = {}): Model =>
  aModel('qwen', {
    nodes: 1,
    weightsBytes: weightsGib === null ? null : weightsGib * GIB,
    flags: { 'gpu-memory-utilization': utilization },
    ...over,
  });
const gpu = (...processes: readonly GpuProcess[]) => ({
  ...{ name: 'NVIDIA GB10', driver: null, utilizationPercent: null, temperatureC: null, powerW: null, smClockMHz: null, processes },
});

describe('the memory check', () => {
  it('passes with what is free and what it takes', () => {
    const report = judge({ model: model(0.8, 60) });
    const found = checkOf(report, 'memory');
    expect(found).to.include({ status: 'pass', measured: '110.0 GiB of 120.0 GiB', hint: null });
    expect(found.detail).to.equal('About 110.0 GiB will be free; it takes 96.0 GiB.');
    expect(report.memory).to.include({ neededBytes: 96 * GIB, availableBytes: 110 * GIB, basis: 'estimated' });
    expect(report.memory.fit).to.include({ verdict: 'pass', lowestUtilization: 0.57, highestUtilization: 0.83 });
  });

  it('passes while the host keeps its margin, and warns below, with a share that leaves it', () => {
    const with_ = (free: number) => judge({ model: model(0.8, 60), facts: [someFacts({ memAvailableBytes: free * GIB, cachedBytes: 0 })] });
    expect(checkOf(with_(106), 'memory').status).to.equal('pass');
    const tight = checkOf(with_(105), 'memory');
    expect(tight).to.include({ status: 'warn', hint: 'Lower --gpu-memory-utilization to 0.79.' });
    expect(tight.detail).to.equal('About 9.0 GiB would be left for spark1 itself; below 10.0 GiB a Spark was seen to hang.');
    expect(with_(105).ok).to.equal(true);
  });

  it('warns that a start would be refused, with a share that would fit', () => {
    const tight = checkOf(judge({ model: model(0.8, 60), facts: [someFacts({ memAvailableBytes: 95 * GIB })] }), 'memory');
    expect(tight.status).to.equal('warn');
    expect(tight.hint).to.equal('Lower --gpu-memory-utilization to 0.79, or stop what else uses the memory of spark1.');
  });

  it('does not advise a share that could not hold the weights', () => {
    const hintWith = (free: number, weights: number) =>
      checkOf(judge({ model: model(0.8, weights), facts: [someFacts({ memAvailableBytes: free * GIB })] }), 'memory').hint;
    expect(hintWith(66, 60)).to.equal('Stop what else uses the memory of spark1.');
    expect(hintWith(69, 60)).to.equal('Lower --gpu-memory-utilization to 0.57, or stop what else uses the memory of spark1.');
  });

  it('warns when the share is too small for the weights, with one that would do', () => {
    const found = checkOf(judge({ model: model(0.5, 60) }), 'memory');
    expect(found.status).to.equal('warn');
    expect(found.hint).to.equal('Raise --gpu-memory-utilization to at least 0.57.');
  });

  it('fails only for weights that exceed the whole memory', () => {
    const report = judge({ model: model(0.8, 119) });
    expect(checkOf(report, 'memory').status).to.equal('fail');
    expect(report.ok).to.equal(false);
    expect(judge({ model: model(0.8, 117) }).ok).to.equal(true);
    expect(judge({ model: model(0.8, 119, { nodes: 2 }) }).ok).to.equal(true);
  });

  it('prefers the tensors of the index to the figure of the entry, and that to the bytes on the disk', () => {
    const weightsWith = (entry: number | null, weights: NonNullable<Parameters<typeof someFacts>[0]>['weights'] | null) =>
      judge({ model: model(0.8, entry), facts: [someFacts({ weights: weights ?? null })] }).memory.fit?.demand.weights;
    const whole = { path: '/x', bytes: 70 * GIB, complete: true };
    expect(weightsWith(60, { ...whole, tensorBytes: 50 * GIB })).to.deep.equal({ bytes: 50 * GIB, basis: 'measured' });
    expect(weightsWith(60, { ...whole, tensorBytes: null })).to.deep.equal({ bytes: 60 * GIB, basis: 'estimated' });
    expect(weightsWith(null, whole)).to.deep.equal({ bytes: 70 * GIB, basis: 'measured' });
    expect(weightsWith(null, { ...whole, complete: false })).to.equal(null);
    expect(weightsWith(null, null)).to.equal(null);
  });

  it('names the longest context and the lowest share when the layers are known', () => {
    const shape = {
      layers: [{ kind: 'full', count: 48, kvHeads: 8, width: 256 }],
      ...{ maxContext: 262_144, hiddenSize: 4_096, vocabularySize: 150_000, isMultimodal: false, isQuantized: true, hasFp8Cache: false },
    } as const;
    const weights = { path: '/x', bytes: 60 * GIB, complete: true, tensorBytes: 60 * GIB, shape };
    const found = judge({ model: model(0.65, null), facts: [someFacts({ weights })] });
    expect(checkOf(found, 'memory').status).to.equal('warn');
    expect(checkOf(found, 'memory').detail).to.match(/^One request of 262,144 tokens \(about 48\.0 GiB\) has no room/);
    expect(checkOf(found, 'memory').hint).to.include(`Set --max-model-len to ${found.memory.fit?.longestContext} or less.`);
    expect(found.memory.fit?.reasons.map(({ code }) => code)).to.deep.equal(['no_kv_room']);
  });

  it('warns of page cache when only that stands in the way', () => {
    const found = checkOf(judge({ model: model(0.8, 60), facts: [someFacts({ cachedBytes: 40 * GIB })] }), 'memory');
    expect(found.status).to.equal('warn');
    expect(found.detail).to.match(/^40\.0 GiB of what is free is page cache/);
    expect(found.hint).to.equal(
      'Drop the page cache before the start (sync; echo 3 > /proc/sys/vm/drop_caches, as root), or lower --gpu-memory-utilization to 0.58.',
    );
  });

  it('goes by what this very plan took when it loaded before', () => {
    const entry = model(0.8, 60);
    const plan = judge({ model: entry }).command;
    expect(plan).to.not.equal(null);
    const records = [aMemoryRecord({ flags: memoryFlags(['acme/qwen', '--gpu-memory-utilization', '0.8']) })];
    const facts = [someFacts({ cachedBytes: 40 * GIB })];
    const digest = digestIn(entry);
    const before = judge({ model: entry, facts, input: { memoryRecords: records.map((record) => ({ ...record, digest })) } });
    expect(before.memory.basis).to.equal('measured');
    expect(checkOf(before, 'memory')).to.include({ status: 'pass' });
    expect(checkOf(before, 'memory').detail).to.equal('About 110.0 GiB will be free; it takes 96.0 GiB, as measured.');
  });

  it('refuses a start that was seen to be refused, while nothing has changed', () => {
    const entry = model(0.8, 60);
    const refused = aMemoryRecord({ digest: digestIn(entry), outcome: 'start_refused', freeBytes: 80 * GIB, refusedFreeBytes: 80 * GIB });
    const withFree = (free: number) =>
      judge({ model: entry, facts: [someFacts({ memAvailableBytes: free * GIB, cachedBytes: 0 })], input: { memoryRecords: [refused] } });
    expect(checkOf(withFree(80), 'memory').status).to.equal('fail');
    expect(withFree(80).ok).to.equal(false);
    expect(checkOf(withFree(85), 'memory').status).to.equal('warn');
    expect(checkOf(withFree(108), 'memory').status).to.equal('pass');
  });

  describe('with a model loaded', () => {
    const loaded = someFacts({
      memAvailableBytes: 10 * GIB,
      gpu: gpu({ pid: 1, name: 'VLLM::EngineCore', usedBytes: 97 * GIB }, { pid: 2, name: 'parakeet', usedBytes: 5 * GIB }),
    });

    it('counts what its processes hold as coming back', () => {
      const report = judge({ model: model(0.8, 60), facts: [loaded], containers: [[aContainer()]] });
      expect(report.memory.availableBytes).to.equal(107 * GIB);
      expect(checkOf(report, 'memory').status).to.equal('pass');
      expect(checkOf(report, 'memory').detail).to.include('has given back about 97.0 GiB');
    });

    it('takes what is used beyond the system for its own where the driver does not say', () => {
      for (const facts of [
        someFacts({ memAvailableBytes: 10 * GIB }),
        someFacts({ memAvailableBytes: 10 * GIB, gpu: gpu({ pid: 1, name: 'vllm', usedBytes: null }) }),
      ]) {
        expect(judge({ model: model(0.8, 60), facts: [facts], containers: [[aContainer()]] }).memory.availableBytes).to.equal(112 * GIB);
      }
    });

    it('counts nothing back from what stays: not ours, dead, or set aside', () => {
      for (const over of [{ identity: null }, { state: 'unhealthy' }, { parked: true }, { state: 'absent' }] as const) {
        expect(
          judge({ model: model(0.8, 60), facts: [loaded], containers: [[aContainer(over)]] }).memory.availableBytes,
          JSON.stringify(over),
        ).to.equal(10 * GIB);
      }
    });

    it('counts what is not ours when it will be replaced', () => {
      const report = judge({
        model: model(0.8, 60),
        facts: [loaded],
        containers: [[aContainer({ identity: null })]],
        input: { replaceUnmanaged: true },
      });
      expect(report.memory.availableBytes).to.equal(107 * GIB);
    });

    it('never expects more than there is', () => {
      const odd = someFacts({ memAvailableBytes: 60 * GIB, gpu: gpu({ pid: 1, name: 'vllm', usedBytes: 90 * GIB }) });
      expect(judge({ model: model(0.8, 60), facts: [odd], containers: [[aContainer()]] }).memory.availableBytes).to.equal(120 * GIB);
      const empty = someFacts({ memAvailableBytes: 118 * GIB });
      expect(judge({ model: model(0.8, 60), facts: [empty], containers: [[aContainer()]] }).memory.availableBytes).to.equal(118 * GIB);
    });
  });

  it('reports the tightest host, and nothing for one that does not answer', () => {
    const two = model(0.8, 60, { nodes: 2 });
    const tight = someFacts({ memAvailableBytes: 97 * GIB });
    expect(judge({ model: two, facts: [someFacts(), tight] }).memory.availableBytes).to.equal(97 * GIB);
    expect(judge({ model: two, facts: [tight, someFacts()] }).memory.availableBytes).to.equal(97 * GIB);
    expect(judge({ model: two, facts: [null, someFacts()] }).memory.availableBytes).to.equal(110 * GIB);
    expect(judge({ model: two, facts: [null, null] }).memory.availableBytes).to.equal(null);
  });
});

/** The digest that the scenes' plan of `entry` has. */
const digestIn = (entry: Model): string => buildPlan(entry, aCluster({ launcher: 'launch_cluster', launcherDirectory: '~/vllm' })).digest;
