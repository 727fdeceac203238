import { expect } from 'chai';
import { type GpuProcess, type LaunchPlan, type Model, memoryNeed } from '../../src/index.ts';
import { aModel, aPlan } from '../support/builders.ts';
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

describe('memoryNeed', () => {
  const need = (args: readonly string[], over: Partial<LaunchPlan> = {}) =>
    memoryNeed(aPlan('qwen', { args: ['o/m', ...args], ...over }), 100 * GIB);

  it("reserves vLLM's default share without a flag", () => {
    expect(need([])).to.deep.equal({ utilization: 0.92, reservedBytes: 92 * GIB, weightsBytes: null, neededBytes: 92 * GIB });
  });

  const spellings: readonly (readonly string[])[] = [
    ['--gpu-memory-utilization', '0.5'],
    ['--gpu-memory-utilization=0.5'],
    ['--gpu_memory_utilization=0.5'],
    ['--gpu-memory-utilization', '0.9', '--x', '--gpu-memory-utilization', '0.5'],
  ];
  for (const words of spellings) it(`reads ${words.join(' ')}`, () => expect(need(words).reservedBytes).to.equal(50 * GIB));

  for (const word of ['x', '', '0', '-1', '1.5', 'NaN']) {
    it(`keeps the default for ${JSON.stringify(word)}`, () => expect(need(['--gpu-memory-utilization', word]).utilization).to.equal(0.92));
  }
  it('keeps the default when the value is missing', () => expect(need(['--gpu-memory-utilization']).utilization).to.equal(0.92));

  it('shares the weights among the hosts, and adds 3 GiB and a twentieth', () => {
    expect(need([], { weightsBytes: 200 * GIB }).weightsBytes).to.equal(108 * GIB);
    expect(need([], { weightsBytes: 200 * GIB }).neededBytes).to.equal(108 * GIB);
    expect(need([], { weightsBytes: 20 * GIB }).neededBytes).to.equal(92 * GIB);
  });

  it('takes the measured size where the entry names none', () => {
    expect(memoryNeed(aPlan('qwen'), 100 * GIB, 40 * GIB).weightsBytes).to.equal(24 * GIB);
    expect(memoryNeed(aPlan('qwen', { weightsBytes: 20 * GIB }), 100 * GIB, 40 * GIB).weightsBytes).to.equal(13.5 * GIB);
  });
});

describe('the memory check', () => {
  it('passes with what is free and what it takes', () => {
    const report = judge({ model: model(0.8, 60) });
    const found = checkOf(report, 'memory');
    expect(found).to.include({ status: 'pass', measured: '110.0 GiB of 120.0 GiB', hint: null });
    expect(found.detail).to.equal('About 110.0 GiB will be free; it takes 96.0 GiB.');
    expect(report.memory).to.deep.equal({ neededBytes: 96 * GIB, availableBytes: 110 * GIB, basis: 'estimated' });
  });

  it('passes when just enough is free, and warns below, with a share that would fit', () => {
    expect(
      checkOf(judge({ model: model(0.8, 60), facts: [someFacts({ memAvailableBytes: 96 * GIB, cachedBytes: 0 })] }), 'memory').status,
    ).to.equal('pass');
    const tight = checkOf(judge({ model: model(0.8, 60), facts: [someFacts({ memAvailableBytes: 95 * GIB })] }), 'memory');
    expect(tight.status).to.equal('warn');
    expect(tight.hint).to.include('Lower --gpu-memory-utilization to 0.79');
    expect(judge({ model: model(0.8, 60), facts: [someFacts({ memAvailableBytes: 95 * GIB })] }).ok).to.equal(true);
  });

  it('does not advise a share that could not hold the weights', () => {
    const hintWith = (free: number, weights: number) =>
      checkOf(judge({ model: model(0.8, weights), facts: [someFacts({ memAvailableBytes: free * GIB })] }), 'memory').hint;
    expect(hintWith(65, 60)).to.equal('Stop what else uses the memory of spark1.');
    expect(hintWith(67, 60)).to.equal('Lower --gpu-memory-utilization to 0.55, or stop what else uses the memory of spark1.');
  });

  it('warns when the share is too small for the weights, with one that would do', () => {
    const found = checkOf(judge({ model: model(0.5, 60) }), 'memory');
    expect(found.status).to.equal('warn');
    expect(found.hint).to.equal('Raise --gpu-memory-utilization to at least 0.55.');
  });

  it('fails only for what exceeds the whole memory', () => {
    const report = judge({ model: model(0.8, 120) });
    expect(checkOf(report, 'memory')).to.include({ status: 'fail' });
    expect(report.ok).to.equal(false);
    expect(judge({ model: model(0.8, 111) }).ok).to.equal(true);
    expect(judge({ model: model(0.8, 120, { nodes: 2 }) }).ok).to.equal(true);
  });

  it('uses the size on disk where the entry names none', () => {
    expect(checkOf(judge({ model: model(0.5, null) }), 'memory').status).to.equal('warn');
    const broken = someFacts({ weights: { path: '/x', bytes: 60 * GIB, complete: false } });
    expect(checkOf(judge({ model: model(0.5, null), facts: [broken] }), 'memory').status).to.equal('pass');
  });

  it('points to the page cache when only that stands in the way', () => {
    const found = checkOf(judge({ model: model(0.8, 60), facts: [someFacts({ cachedBytes: 40 * GIB })] }), 'memory');
    expect(found.status).to.equal('pass');
    expect(found.hint).to.match(/^40\.0 GiB of it is page cache/);
  });

  describe('with a model loaded', () => {
    const loaded = someFacts({
      memAvailableBytes: 10 * GIB,
      gpu: gpu({ pid: 1, name: 'VLLM::EngineCore', usedBytes: 90 * GIB }, { pid: 2, name: 'parakeet', usedBytes: 5 * GIB }),
    });

    it('counts what its processes hold as coming back', () => {
      const report = judge({ model: model(0.8, 60), facts: [loaded], containers: [[aContainer()]] });
      expect(report.memory.availableBytes).to.equal(100 * GIB);
      expect(checkOf(report, 'memory').status).to.equal('pass');
      expect(checkOf(report, 'memory').detail).to.include('has given back about 90.0 GiB');
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
      expect(report.memory.availableBytes).to.equal(100 * GIB);
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
    expect(judge({ model: two, facts: [someFacts(), someFacts({ memAvailableBytes: 97 * GIB })] }).memory.availableBytes).to.equal(
      97 * GIB,
    );
    expect(judge({ model: two, facts: [someFacts({ memAvailableBytes: 97 * GIB }), someFacts()] }).memory.availableBytes).to.equal(
      97 * GIB,
    );
    expect(judge({ model: two, facts: [null, someFacts()] }).memory.availableBytes).to.equal(110 * GIB);
    expect(judge({ model: two, facts: [null, null] }).memory.availableBytes).to.equal(null);
  });
});
