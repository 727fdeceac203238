import { clusterKey, memoryFit, memoryFlags, memoryHistory, modelKey } from '@spark-control/core';
import { PreflightReport } from '@spark-control/schema';
import { expect } from 'chai';
import { preflightView } from '../src/swaps/preflight-view.ts';
import { expectFits } from './support/documented.ts';

const GIB = 2 ** 30;

describe('the memory of a pre-flight on the wire', () => {
  const shape = {
    layers: [{ kind: 'full', count: 64, kvHeads: 8, width: 256 }],
    ...{ maxContext: 131_072, hiddenSize: 5_120, vocabularySize: 152_000, isMultimodal: false, isQuantized: true, hasFp8Cache: false },
  } as const;
  const flags = memoryFlags(['o/m', '--gpu-memory-utilization', '0.7', '--max-model-len', '131072']);
  const ask = { digest: 'd', source: 'o/m', nodes: 1, flags, imageId: null, totalBytes: 120 * GIB };
  const host = { name: 'spark1', totalBytes: 120 * GIB, availableBytes: 115 * GIB, cachedBytes: GIB, swapFreeBytes: null };

  it('names parts, bounds and reasons, each with what it is based on', () => {
    const fit = memoryFit(
      { flags, nodes: 1, weights: { bytes: 60 * GIB, basis: 'measured' }, shape, history: memoryHistory([], ask) },
      host,
    );
    const view = preflightView({
      ...{ model: modelKey('m'), cluster: clusterKey('c'), ok: true, checks: [], command: null },
      memory: { neededBytes: fit.neededBytes, availableBytes: fit.availableBytes, basis: fit.basis, fit },
      estimate: { p50Seconds: null, p90Seconds: null, samples: 0 },
    });
    expectFits(PreflightReport, view, 'the report');
    expect(view.memory).to.include({ lowest_utilization: 0.83, highest_utilization: 0.87, basis: 'estimated' });
    expect(view.memory.longest_context).to.be.within(10_000, 131_071);
    expect(view.memory.parts.map(({ name, basis }) => `${name} ${basis}`)).to.deep.equal([
      ...['weights measured', 'overhead estimated', 'graphs estimated', 'kv_cache estimated'],
    ]);
    expect(view.memory.reasons.map(({ code, status }) => `${code} ${status}`)).to.deep.equal(['no_kv_room warn']);
  });
});
